// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/plog"
)

// inJSON returns a message of a visitor for whom there is no other.
func inJSON(n int) *kgo.Record {
	visitor := fmt.Sprintf("c%d", n)
	return &kgo.Record{Key: []byte(visitor), Value: fmt.Appendf(nil,
		`{"customer": {"id": %q}, "channel": "offline", "profile": {"n": "%d", "store": {"id": "017"}}}`, visitor, n)}
}

// TestKafkaMessagesInJSONAreReadOverACrash kills the collector in the middle. Messages that are no JSON
// are counted, and appear in no log.
func TestKafkaMessagesInJSONAreReadOverACrash(t *testing.T) {
	for name, text := range map[string]string{
		"the recipe": recipe(t, "Kafka"), "the example": example(t, "kafka-to-target.yaml", nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const messages = 400
			k, target := startKafka(t), startTarget(t)
			config := filled(text, map[string]string{"KAFKA_BROKERS": k.brokers, "STATE_DIR": t.TempDir()})
			c := startRecipe(t, config, target)
			client := k.client(t)
			want := make(map[string]map[string]string)
			for n := range messages {
				message := inJSON(n)
				require.NoError(t, client.ProduceSync(t.Context(), message).FirstErr())
				want[string(message.Key)] = map[string]string{"n": strconv.Itoa(n), "store.id": "017"}
				if n == messages/2 {
					require.Eventually(t, func() bool { return c.metric("otelcol_adobe_target_records_received") > 0 }, patience, tick)
					c.kill(t)
					c = startRecipe(t, config, target)
				}
			}
			broken := &kgo.Record{Value: []byte(`{"customer": {"id": "a-secret"}, "channel": "offl`)}
			require.NoError(t, client.ProduceSync(t.Context(), broken, &kgo.Record{Value: []byte("a-secret")}).FirstErr())
			require.Eventually(t, func() bool { return len(target.profiles(t)) == messages }, patience, tick)
			assert.Equal(t, want, target.profiles(t))
			require.Eventually(t, func() bool { return c.metric("otelcol_adobe_target_records", `outcome="skipped"`) == 2 }, patience, tick)
			c.end(t)
			assert.NotContains(t, c.output.String(), "a-secret")
		})
	}
}

// TestAKafkaReceiverOfAFullQueueWaits fills queue and outbox in an outage. Nothing counts as read that is not taken.
func TestAKafkaReceiverOfAFullQueueWaits(t *testing.T) {
	t.Parallel()
	const messages = 900
	k, target := startKafka(t), inAnOutage(t)
	text := filled(recipe(t, "Kafka"), map[string]string{"KAFKA_BROKERS": k.brokers, "STATE_DIR": t.TempDir()})
	c := startRecipe(t, text, target, append(full, "--set=receivers.kafka.session_timeout=2s", "--set=receivers.kafka.heartbeat_interval=300ms")...)
	client := k.client(t)
	for n := range messages {
		require.NoError(t, client.ProduceSync(t.Context(), inJSON(n)).FirstErr())
	}
	before := -1
	require.Eventually(t, func() bool {
		last := before
		before = k.committed(t)
		return before > 0 && before == last
	}, patience, 2*time.Second, "the receiver does not wait")
	assert.Less(t, before, messages)
	assert.LessOrEqual(t, before, c.metric("otelcol_adobe_target_records_received"), "what counts as read was taken")

	target.set(t, "faults", []map[string]any{})
	require.Eventually(t, func() bool { return len(target.profiles(t)) == messages }, patience, tick)
	require.Eventually(t, func() bool { return k.committed(t) == messages }, patience, tick)
	assert.Equal(t, messages, c.metric("otelcol_adobe_target_records_received"), "none is read twice")
	assert.Equal(t, partitions, c.metric("otelcol_kafka_receiver_partition_start"), "and the session goes on")
	c.end(t)
}

// TestAKafkaMessageLargerThanTheQueueStopsNoPartition sends one before others, in each partition.
func TestAKafkaMessageLargerThanTheQueueStopsNoPartition(t *testing.T) {
	t.Parallel()
	g := newGroup(t, full...)
	g.begin(t, 0)
	large, err := (&plog.ProtoMarshaler{}).MarshalLogs(actionsOf(101, "large"))
	require.NoError(t, err)
	client := g.client(t, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	for partition := range int32(partitions) {
		require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Partition: partition, Value: large}).FirstErr())
	}
	g.produce(t, 200)
	require.Eventually(t, func() bool { return g.committed(t) == g.sent+partitions }, patience, tick)
	require.Eventually(t, func() bool { return g.sum("otelcol_adobe_target_outbox_records") == 0 }, patience, tick)
	assert.Equal(t, g.last, g.target.profiles(t))
	g.members[0].end(t)
	assert.NotContains(t, g.members[0].output.String(), "large-")
	assert.Contains(t, g.members[0].output.String(), "skipping due to message_marking config")
}
