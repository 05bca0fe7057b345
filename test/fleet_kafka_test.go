// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/plog"
)

// group are instances that read a topic together.
type group struct {
	*kafka
	*instances
}

func newGroup(t *testing.T, settings ...string) *group {
	t.Helper()
	g := &group{kafka: startKafka(t), instances: newInstances(t, "fleet-kafka.yaml", settings...)}
	g.actions = g.producer(t, 600)
	g.variables = func(n int) map[string]string {
		return map[string]string{"KAFKA_BROKERS": g.brokers, "INSTANCE": fmt.Sprintf("adobe-%d", n)}
	}
	g.settings = append([]string{"--set=receivers.kafka.heartbeat_interval=300ms"}, g.settings...)
	return g
}

// startGroup starts instances, and waits until each has partitions.
func startGroup(t *testing.T, instances int, settings ...string) *group {
	t.Helper()
	g := newGroup(t, settings...)
	for n := range instances {
		g.begin(t, n)
	}
	g.shared(t)
	return g
}

// pause starts an instance again so that it takes no message, and only sends what waits.
func (g *group) pause(t *testing.T, n int) {
	t.Helper()
	g.end(t, n)
	g.begin(t, n, "--set=service.pipelines.logs.exporters=[otlp_http/nobody]")
}

// resume starts an instance again as usual.
func (g *group) resume(t *testing.T, n int) {
	t.Helper()
	g.end(t, n)
	g.begin(t, n)
}

// idle waits until all messages are read and nothing waits.
func (g *group) idle(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return g.committed(t) == g.sent }, patience, tick)
	g.instances.idle(t)
}

// settle waits until all messages are read and nothing waits, and says what became of them.
func (g *group) settle(t *testing.T) toll {
	t.Helper()
	g.idle(t)
	return g.instances.settle(t)
}

// partitions returns how many partitions an instance has.
func (c *collector) partitions() int {
	return c.metric("otelcol_kafka_receiver_partition_start") - c.metric("otelcol_kafka_receiver_partition_close")
}

// shared waits until the members have all partitions, each some of them.
func (g *group) shared(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		all := 0
		for _, member := range g.members {
			if member.partitions() == 0 {
				return false
			}
			all += member.partitions()
		}
		return all == partitions
	}, patience, tick)
}

// TestAGroupOfConsumersKeepsAVisitorsOrder is what docs/fleet.md says of Kafka, with its figures. In each case 500
// messages a second come in, of 600 visitors, and something happens to two instances that read them.
func TestAGroupOfConsumersKeepsAVisitorsOrder(t *testing.T) {
	for name, c := range map[string]struct {
		settings []string
		run      func(t *testing.T, g *group, stop func())
		// breaks is whether some visitors end with an older value, again whether some have one until
		// the newest message was read again.
		breaks, again bool
	}{
		"killed with much in the outbox, and back": {again: true, run: func(t *testing.T, g *group, _ func()) {
			g.outage(t)
			g.hold(t, 1)
			before := g.members[0].metric("otelcol_kafka_receiver_partition_start")
			g.kill(t, 1)
			g.over(t)
			time.Sleep(time.Second)
			g.begin(t, 1)
			g.shared(t)
			assert.Equal(t, before, g.members[0].metric("otelcol_kafka_receiver_partition_start"), "none of its partitions moved")
		}},
		"ended and started, one after the other": {run: func(t *testing.T, g *group, _ func()) {
			for n := range 2 {
				g.end(t, n)
				g.begin(t, n)
				g.shared(t)
				g.goOn(t, 300)
			}
		}},
		"a third comes while calls get through": {run: func(t *testing.T, g *group, _ func()) {
			g.begin(t, 2)
			g.shared(t)
			g.goOn(t, 300)
		}},
		"a third comes while updates wait": {settings: paced, breaks: true, run: func(t *testing.T, g *group, stop func()) {
			g.outage(t)
			g.hold(t, 0, 1)
			g.begin(t, 2)
			g.shared(t)
			g.hold(t, 2)
			stop()
			g.over(t)
		}},
		"a third comes when nothing waits": {run: func(t *testing.T, g *group, _ func()) {
			g.outage(t)
			g.hold(t, 0, 1)
			g.pause(t, 0)
			g.pause(t, 1)
			g.over(t)
			for n := range 2 {
				assert.Zero(t, g.members[n].drained(t, patience))
			}
			g.begin(t, 2)
			g.shared(t)
			g.resume(t, 0)
			g.resume(t, 1)
			g.goOn(t, 300)
		}},
		"one goes when nothing waits in it": {settings: away, run: func(t *testing.T, g *group, _ func()) {
			g.outage(t)
			g.hold(t, 0, 1)
			g.pause(t, 1)
			g.over(t)
			assert.Zero(t, g.members[1].drained(t, patience))
			g.end(t, 1)
			g.shared(t)
			g.goOn(t, 300)
		}},
		"one goes with much in the outbox, and comes back": {settings: away, breaks: true, run: func(t *testing.T, g *group, stop func()) {
			g.outage(t)
			g.hold(t, 0, 1)
			g.kill(t, 1)
			g.over(t)
			g.shared(t)
			g.goOn(t, 500)
			stop()
			g.idle(t)
			g.begin(t, 1)
		}},
		"a third comes while callers wait for Target": {settings: waiting, run: func(t *testing.T, g *group, _ func()) {
			g.outage(t)
			time.Sleep(time.Second)
			g.begin(t, 2)
			time.Sleep(time.Second)
			g.over(t)
			g.shared(t)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := startGroup(t, 2, c.settings...)
			stop := g.start(t)
			g.goOn(t, 300)
			c.run(t, g, stop)
			stop()
			end := g.settle(t)
			assert.GreaterOrEqual(t, end.calls, end.visitors)
			switch {
			case c.breaks:
				assert.Positive(t, end.wrong)
			case c.again:
				assert.LessOrEqual(t, end.disorders, end.twice+50, "those that the killed run received in its last moment are not counted")
				assert.Zero(t, end.wrong)
			default:
				assert.Zero(t, end.disorders)
				assert.Zero(t, end.wrong)
			}
		})
	}
}

var (
	// paced is the pace that an instance has by default.
	paced = []string{"--set=exporters.adobe_target.rate_limit.enabled=true"}
	// away lets Kafka give up an instance that has been away for three seconds.
	away = []string{"--set=receivers.kafka.session_timeout=3s"}
	// waiting lets a message count as read when Target has taken its update.
	waiting = []string{
		"--set=exporters.adobe_target.sending_queue.wait_for_result=true",
		"--set=exporters.adobe_target.sending_queue.storage=",
	}
)

// TestProducersBringAVisitorIntoOnePartition sends the records of each visitor one after the other to two
// collectors that produce, to one after the other, from services of several names.
func TestProducersBringAVisitorIntoOnePartition(t *testing.T) {
	t.Parallel()
	const requests, perRequest, visitors = 60, 20, 70
	g := startGroup(t, 2)
	var producers []exportFunc
	for range 2 {
		port := freePort(t)
		startCollector(t, example(t, "fleet-kafka-producer.yaml", map[string]string{
			"KAFKA_BROKERS": g.brokers, "OTLP_GRPC_ENDPOINT": fmt.Sprintf("127.0.0.1:%d", port),
			"HEALTH_ENDPOINT": anyPort,
		})).running(t)
		producers = append(producers, overGRPC(t, port))
	}
	random := rand.New(rand.NewPCG(0, 4))
	for request := range requests {
		ld := plog.NewLogs()
		for n := range perRequest {
			visitor, seq := random.IntN(visitors), strconv.Itoa(request*perRequest+n)
			g.last[strconv.Itoa(visitor)] = map[string]string{"seq": seq}
			logs := ld.ResourceLogs().AppendEmpty()
			logs.Resource().Attributes().PutStr("service.name", fmt.Sprintf("till %d", random.IntN(5)))
			record := logs.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes()
			record.PutStr("profile.seq", seq)
			switch random.IntN(3) {
			case 0:
				record.PutStr("customer.id", strconv.Itoa(visitor))
			case 1:
				record.PutInt("customer.id", int64(visitor))
			case 2:
				logs.Resource().Attributes().PutStr("customer.id", strconv.Itoa(visitor))
			}
		}
		require.NoError(t, producers[request%2](t.Context(), ld))
	}
	g.sent = int(g.produced())
	assert.Greater(t, g.sent, requests)
	places := g.places(t)
	assert.Len(t, places, visitors)
	used := map[int32]bool{}
	for visitor, partitions := range places {
		assert.Len(t, partitions, 1, visitor)
		maps.Copy(used, partitions)
	}
	assert.Greater(t, len(used), partitions/2)
	end := g.settle(t)
	assert.Zero(t, end.disorders)
	assert.Zero(t, end.wrong)
}

// produced returns how many messages the topic has.
func (k *kafka) produced() (messages int64) {
	for _, partition := range k.PartitionInfos(topic) {
		messages += partition.HighWatermark
	}
	return messages
}

// places returns the partitions in which each visitor has messages.
func (k *kafka) places(t *testing.T) map[string]map[int32]bool {
	t.Helper()
	client := k.client(t, kgo.ConsumeTopics(topic))
	places := make(map[string]map[int32]bool)
	for read, all := int64(0), k.produced(); read < all; {
		for _, message := range client.PollFetches(t.Context()).Records() {
			read++
			ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(message.Value)
			require.NoError(t, err)
			require.Equal(t, 1, ld.ResourceLogs().Len())
			attributes := ld.ResourceLogs().At(0).Resource().Attributes()
			visitor, found := attributes.Get("customer.id")
			require.True(t, found)
			require.Equal(t, 1, attributes.Len(), "of the resource")
			if places[visitor.Str()] == nil {
				places[visitor.Str()] = make(map[int32]bool)
			}
			places[visitor.Str()][message.Partition] = true
		}
	}
	return places
}
