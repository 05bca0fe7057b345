// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/pdata/plog"
)

const (
	topic      = "offline-actions"
	partitions = 12
)

// kafka is a broker in memory, which speaks Kafka's protocol, that of consumer groups among it.
type kafka struct {
	*kfake.Cluster
	brokers string
	asks    *kgo.Client
}

// startKafka starts a broker with the topic of the examples. Its limits are those of Kafka, except
// that a member may be given up after a second. kmsg has to be as new as the receiver's: the broker
// closes connections that speak a version it does not know.
func startKafka(t *testing.T) *kafka {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(partitions, topic),
		kfake.GroupMinSessionTimeout(time.Second), kfake.GroupMaxSessionTimeout(30*time.Minute))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	k := &kafka{Cluster: cluster, brokers: "[" + strings.Join(cluster.ListenAddrs(), ", ") + "]"}
	k.asks = k.client(t)
	return k
}

// client returns a client of the broker.
func (k *kafka) client(t *testing.T, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(k.ListenAddrs()...), kgo.DefaultProduceTopic(topic))...)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// producer returns the actions of so many visitors, each a message with its visitor as key.
func (k *kafka) producer(t *testing.T, visitors int) *actions {
	t.Helper()
	client := k.client(t)
	return newActions(visitors, func(ctx context.Context, ids []string, records []plog.Logs) error {
		messages := make([]*kgo.Record, len(ids))
		for n, id := range ids {
			value, err := (&plog.ProtoMarshaler{}).MarshalLogs(records[n])
			if err != nil {
				return err
			}
			messages[n] = &kgo.Record{Key: []byte(id), Value: value}
		}
		return client.ProduceSync(ctx, messages...).FirstErr()
	})
}

// committed returns how many messages the group has marked as read.
func (k *kafka) committed(t *testing.T) (messages int) {
	t.Helper()
	request := kmsg.NewPtrOffsetFetchRequest()
	of := kmsg.NewOffsetFetchRequestGroup()
	of.Group, of.Topics = "adobe-target", nil
	request.Groups = append(request.Groups, of)
	response, err := request.RequestWith(t.Context(), k.asks)
	require.NoError(t, err)
	for _, group := range response.Groups {
		for _, topic := range group.Topics {
			for _, partition := range topic.Partitions {
				messages += int(max(0, partition.Offset))
			}
		}
	}
	return messages
}
