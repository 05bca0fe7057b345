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

// group are instances of the example that share a topic and a Target.
type group struct {
	*kafka
	*actions
	target *adobe
	// settings are those that a test has other than the example.
	settings []string
	folders  map[int]string
	members  map[int]*collector
	// ended is how many messages the runs received that have ended. What a run that was killed
	// received in its last moment is not known.
	ended int
}

func startGroup(t *testing.T, instances int, settings ...string) *group {
	t.Helper()
	g := newGroup(t, settings...)
	for n := range instances {
		g.begin(t, n)
	}
	g.shared(t)
	return g
}

func newGroup(t *testing.T, settings ...string) *group {
	t.Helper()
	g := &group{
		kafka: startKafka(t), target: startTarget(t, "--sequence", "seq"),
		settings: settings, folders: map[int]string{}, members: map[int]*collector{},
	}
	g.actions = g.kafka.actions(t, 600)
	return g
}

// begin starts an instance, or starts it again. Its window is short, so that the tests are, and its
// pace high, so that nothing waits but for the test's reasons.
func (g *group) begin(t *testing.T, n int, settings ...string) {
	t.Helper()
	if g.folders[n] == "" {
		g.folders[n] = t.TempDir()
	}
	text := example(t, "fleet-kafka.yaml", map[string]string{
		"KAFKA_BROKERS": g.brokers, "INSTANCE": fmt.Sprintf("adobe-%d", n), "STATE_DIR": g.folders[n],
		"HEALTH_ENDPOINT": fmt.Sprintf("127.0.0.1:%d", freePort(t)),
	})
	args := []string{
		"--set=exporters.adobe_target.endpoint=" + g.target.url, "--set=exporters.adobe_target.outbox.merge_window=1s",
		"--set=exporters.adobe_target.rate_limit.enabled=false", "--set=receivers.kafka.heartbeat_interval=300ms",
		"--set=exporters.adobe_target.retry_on_failure.initial_interval=100ms",
		"--set=exporters.adobe_target.retry_on_failure.max_interval=200ms",
	}
	g.members[n] = startCollector(t, text, append(append(args, g.settings...), settings...)...).running(t)
}

// kill ends an instance as a crash does.
func (g *group) kill(t *testing.T, n int) {
	t.Helper()
	g.ended += g.members[n].metric("otelcol_adobe_target_records_received")
	g.members[n].kill(t)
	delete(g.members, n)
}

// end ends an instance.
func (g *group) end(t *testing.T, n int) {
	t.Helper()
	g.members[n].end(t)
	g.ended += g.members[n].finals(t).received
	delete(g.members, n)
}

// drain starts an instance again so that it only sends what waits.
func (g *group) drain(t *testing.T, n int) {
	t.Helper()
	g.end(t, n)
	g.begin(t, n, "--set=service.pipelines.logs.receivers=[otlp/nothing]")
}

// drained waits until nothing waits in an instance, and ends it.
func (g *group) drained(t *testing.T, n int) {
	t.Helper()
	assert.Zero(t, g.members[n].drained(t, patience))
	g.end(t, n)
}

// sum returns the sum of a metric over all members.
func (g *group) sum(name string) (sum int) {
	for _, member := range g.members {
		sum += max(0, member.metric(name))
	}
	return sum
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

// holds waits until instances hold updates of many visitors each, which Target does not take.
func (g *group) holds(t *testing.T, instances ...int) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, n := range instances {
			if g.members[n].metric("otelcol_adobe_target_outbox_visitors") < 100 {
				return false
			}
		}
		return true
	}, patience, tick)
}

// outage lets Target take nothing until its faults are cleared.
func (g *group) outage(t *testing.T) {
	t.Helper()
	g.target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
}

func (g *group) over(t *testing.T) {
	t.Helper()
	g.target.set(t, "faults", []map[string]any{})
}

// toll is what became of the messages. Some may have been read twice. Disorders are values that Target
// got after a newer one of the visitor, and visitors are wrong who have such a value in the end.
type toll struct {
	sent, twice, calls, disorders, visitors, wrong int
}

// settles waits until all messages are read and nothing waits.
func (g *group) settles(t *testing.T) toll {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Equal(c, g.sent, g.committed(t))
		assert.Zero(c, g.sum("otelcol_exporter_queue_size")+g.sum("otelcol_adobe_target_outbox_records"))
	}, patience, tick)
	stats, profiles := g.target.stats(t), g.target.profiles(t)
	assert.Len(t, profiles, len(g.last), "no visitor is lost")
	return toll{
		sent: g.sent, twice: g.ended + g.sum("otelcol_adobe_target_records_received") - g.sent, calls: stats.Attempts,
		disorders: stats.Disorders, visitors: len(profiles), wrong: g.wrong(profiles),
	}
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
			g.holds(t, 1)
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
			}
		}},
		"a third comes while calls get through": {run: func(t *testing.T, g *group, _ func()) {
			g.begin(t, 2)
			g.shared(t)
			time.Sleep(time.Second)
		}},
		"a third comes while updates wait": {settings: paced, breaks: true, run: func(t *testing.T, g *group, stop func()) {
			g.outage(t)
			g.holds(t, 0, 1)
			g.begin(t, 2)
			g.shared(t)
			g.holds(t, 2)
			stop()
			g.over(t)
		}},
		"a third comes when all were drained": {settings: paced, run: func(t *testing.T, g *group, _ func()) {
			g.outage(t)
			g.holds(t, 0, 1)
			g.drain(t, 0)
			g.drain(t, 1)
			g.over(t)
			g.drained(t, 0)
			g.drained(t, 1)
			for n := range 3 {
				g.begin(t, n)
			}
			g.shared(t)
		}},
		"one goes when it was drained": {settings: away, run: func(t *testing.T, g *group, _ func()) {
			g.outage(t)
			g.holds(t, 0, 1)
			g.drain(t, 1)
			g.over(t)
			g.drained(t, 1)
			g.shared(t)
		}},
		"one goes with much in the outbox, and comes back": {settings: away, breaks: true, run: func(t *testing.T, g *group, stop func()) {
			g.outage(t)
			g.holds(t, 0, 1)
			g.kill(t, 1)
			g.over(t)
			g.shared(t)
			time.Sleep(2 * time.Second)
			stop()
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
			stop := g.actions.start(t)
			c.run(t, g, stop)
			stop()
			toll := g.settles(t)
			t.Logf("%+v", toll)
			assert.GreaterOrEqual(t, toll.calls, toll.visitors)
			switch {
			case c.breaks:
				assert.Positive(t, toll.wrong)
			case c.again:
				assert.LessOrEqual(t, toll.disorders, max(0, toll.twice))
				assert.Zero(t, toll.wrong)
			default:
				assert.Zero(t, toll.disorders)
				assert.Zero(t, toll.wrong)
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
			"HEALTH_ENDPOINT": fmt.Sprintf("127.0.0.1:%d", freePort(t)),
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
	toll := g.settles(t)
	assert.Zero(t, toll.disorders)
	assert.Zero(t, toll.wrong)
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
