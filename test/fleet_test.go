// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// startFleet starts so many instances of the example, each with a target of its own, which shows
// what the instance has sent, and returns how to send to each of them.
func startFleet(t *testing.T, instances int) (targets []*adobe, fronts []exportFunc) {
	t.Helper()
	example, err := os.ReadFile(filepath.Join("..", "examples", "fleet.yaml"))
	require.NoError(t, err)
	owners := make([]string, instances)
	for i := range owners {
		owners[i] = fmt.Sprintf("127.0.0.1:%d", freePort(t))
	}
	t.Setenv("INSTANCES", "["+strings.Join(owners, ", ")+"]")
	for i := range instances {
		front, target := freePort(t), startTarget(t, "--sequence", "seq")
		t.Setenv("FRONT_ENDPOINT", fmt.Sprintf("127.0.0.1:%d", front))
		t.Setenv("HEALTH_ENDPOINT", fmt.Sprintf("127.0.0.1:%d", freePort(t)))
		t.Setenv("OWNER_ENDPOINT", owners[i])
		t.Setenv("STATE_DIR", t.TempDir())
		startCollector(t, string(example), "--set=exporters.adobe_target.endpoint="+target.url,
			"--set=exporters.adobe_target.outbox.merge_window=100ms").running(t)
		targets, fronts = append(targets, target), append(fronts, overGRPC(t, front))
	}
	return targets, fronts
}

// TestAFleetBringsAVisitorToOneInstanceInOrder sends the records of each visitor one after the
// other, to one instance after the other.
func TestAFleetBringsAVisitorToOneInstanceInOrder(t *testing.T) {
	const instances, requests, perRequest, visitors = 3, 60, 20, 70
	targets, fronts := startFleet(t, instances)
	random := rand.New(rand.NewPCG(0, 3))
	model := make(map[string]map[string]string)
	for request := range requests {
		ld := plog.NewLogs()
		records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		for n := range perRequest {
			seq := request*perRequest + n
			visitor := fmt.Sprintf("cust %d", random.IntN(visitors))
			attributes := records.AppendEmpty().Attributes()
			attributes.PutStr("customer.id", visitor)
			attributes.PutStr("profile.seq", strconv.Itoa(seq))
			model[visitor] = map[string]string{"seq": strconv.Itoa(seq)}
		}
		require.Eventually(t, func() bool { return fronts[request%instances](t.Context(), ld) == nil }, patience, tick)
	}
	sent := make(map[string]map[string]string)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		clear(sent)
		for _, target := range targets {
			for visitor, profile := range target.profiles(t) {
				assert.NotContains(c, sent, visitor, "each visitor has one instance")
				sent[visitor] = profile
			}
		}
		assert.Equal(c, model, sent)
	}, patience, tick)
	for _, target := range targets {
		assert.NotEmpty(t, target.profiles(t), "each instance has visitors")
		assert.Zero(t, target.stats(t).Disorders)
	}
}
