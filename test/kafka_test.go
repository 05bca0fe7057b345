// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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

// environment matches a variable of an example, with its default.
var environment = regexp.MustCompile(`\$\{env:(\w+)(?::-[^}]*)?\}`)

// example returns an example with some of its variables set. Tests that run at the same time
// cannot set them in the environment.
func example(t *testing.T, name string, variables map[string]string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "examples", name)) //nolint:gosec // one of the examples
	require.NoError(t, err)
	return filled(string(text), variables)
}

func filled(text string, variables map[string]string) string {
	return environment.ReplaceAllStringFunc(text, func(variable string) string {
		if value, set := variables[environment.FindStringSubmatch(variable)[1]]; set {
			return value
		}
		return variable
	})
}

// kafka is a broker in memory, which speaks Kafka's protocol, that of consumer groups among it.
type kafka struct {
	*kfake.Cluster
	brokers string
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
	return &kafka{Cluster: cluster, brokers: "[" + strings.Join(cluster.ListenAddrs(), ", ") + "]"}
}

// actions are messages with one action each, of a few visitors, with a number that rises from
// message to message.
type actions struct {
	client   *kgo.Client
	random   *rand.Rand
	visitors int

	mu   sync.Mutex
	sent int
	last map[string]map[string]string
}

func (k *kafka) actions(t *testing.T, visitors int) *actions {
	t.Helper()
	return &actions{
		client: k.client(t), random: rand.New(rand.NewPCG(0, 15)), visitors: visitors,
		last: make(map[string]map[string]string),
	}
}

func (k *kafka) client(t *testing.T, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(k.ListenAddrs()...), kgo.DefaultProduceTopic(topic))...)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// produce produces so many messages, each with its visitor as key.
func (a *actions) produce(t *testing.T, messages int) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	records := make([]*kgo.Record, messages)
	for n := range records {
		a.sent++
		visitor, seq := fmt.Sprintf("cust %d", a.random.IntN(a.visitors)), strconv.Itoa(a.sent)
		a.last[visitor] = map[string]string{"seq": seq}
		ld := plog.NewLogs()
		attributes := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes()
		attributes.PutStr("customer.id", visitor)
		attributes.PutStr("profile.seq", seq)
		value, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
		assert.NoError(t, err)
		records[n] = &kgo.Record{Key: []byte(visitor), Value: value}
	}
	assert.NoError(t, a.client.ProduceSync(context.WithoutCancel(t.Context()), records...).FirstErr())
}

// start produces 500 messages a second until the function it returns is called.
func (a *actions) start(t *testing.T) (stop func()) {
	t.Helper()
	stopping, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stopping:
				return
			case <-time.After(20 * time.Millisecond):
				a.produce(t, 10)
			}
		}
	}()
	stop = sync.OnceFunc(func() { close(stopping); <-done })
	t.Cleanup(stop)
	return stop
}

// wrong returns how many visitors have another value than the last one sent.
func (a *actions) wrong(profiles map[string]map[string]string) (visitors int) {
	for visitor, values := range a.last {
		if !maps.Equal(values, profiles[visitor]) {
			visitors++
		}
	}
	return visitors
}

// committed returns how many messages the group has marked as read.
func (a *actions) committed(t *testing.T) (messages int) {
	t.Helper()
	request := kmsg.NewPtrOffsetFetchRequest()
	of := kmsg.NewOffsetFetchRequestGroup()
	of.Group, of.Topics = "adobe-target", nil
	request.Groups = append(request.Groups, of)
	response, err := request.RequestWith(t.Context(), a.client)
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
