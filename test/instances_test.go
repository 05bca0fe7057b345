// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

// swapped returns a configuration with the other way to its quota: below each comment FLEET QUOTA it takes away the lines
// that are there, and takes those that are comments.
func swapped(t *testing.T, text string) string {
	t.Helper()
	var other strings.Builder
	marks, at := 0, -1
	for line := range strings.Lines(text) {
		content := strings.TrimLeft(line, " ")
		indent := len(line) - len(content)
		said, comment := strings.CutPrefix(content, "# ")
		switch {
		case strings.HasPrefix(said, "FLEET QUOTA: "):
			marks, at = marks+1, indent
		case indent < at:
			at = -1
			other.WriteString(line)
		case at < 0:
			other.WriteString(line)
		case comment:
			other.WriteString(line[:indent] + said)
		}
	}
	require.Equal(t, 2, marks, "there are two ways")
	return other.String()
}

// instances are those of one of the examples for a fleet, which share a Target and keep its quota in Redis.
type instances struct {
	*actions
	target  *adobe
	redis   *redisServer
	example string
	// variables are those of an instance, beside its folder.
	variables func(n int) map[string]string
	// settings are those that a test has other than the example.
	settings []string
	// shares is how many have a share each, without Redis, or 0.
	shares  int
	folders map[int]string
	members map[int]*collector
	// ended is how many records the runs received that have ended. What a run that was killed
	// received in its last moment is not known.
	ended int
}

func newInstances(t *testing.T, example string, settings ...string) *instances {
	t.Helper()
	return &instances{
		target: startTarget(t, "--sequence", "seq"), redis: startRedis(t), example: example, settings: settings,
		folders: make(map[int]string), members: make(map[int]*collector),
	}
}

// begin starts an instance, or starts it again. Its window is short, so that the tests are, its pace
// high, so that nothing waits but for the test's reasons, and the machine does not crash.
func (i *instances) begin(t *testing.T, n int, settings ...string) {
	t.Helper()
	if i.folders[n] == "" {
		i.folders[n] = t.TempDir()
	}
	variables := i.variables(n)
	variables["STATE_DIR"] = i.folders[n]
	variables["HEALTH_ENDPOINT"] = anyPort
	variables["REDIS_ENDPOINT"] = i.redis.endpoint()
	variables["REDIS_COLD_START"] = "allow"
	const exporter = "--set=exporters.adobe_target."
	args := []string{
		exporter + "endpoint=" + i.target.url, exporter + "outbox.merge_window=1s", exporter + "rate_limit.enabled=false",
		"--set=extensions.file_storage/queue.fsync=false",
		exporter + "retry_on_failure.initial_interval=100ms", exporter + "retry_on_failure.max_interval=200ms",
	}
	args = append(append(args, i.settings...), settings...)
	variables["INSTANCE_COUNT"] = strconv.Itoa(i.shares)
	config := example(t, i.example, variables)
	if i.shares > 0 {
		config = swapped(t, config)
	}
	i.members[n] = startCollector(t, config, args...).running(t)
}

// anyPort is for what no test asks.
const anyPort = "127.0.0.1:0"

// limits asserts how many calls each instance says that it may make.
func (i *instances) limits(t *testing.T, want int) {
	t.Helper()
	for n, member := range i.members {
		assert.Equal(t, want, member.metric("otelcol_adobe_target_quota_limit"), "instance %d", n)
	}
}

// kill ends an instance as a crash does.
func (i *instances) kill(t *testing.T, n int) {
	t.Helper()
	i.ended += i.members[n].metric("otelcol_adobe_target_records_received")
	i.members[n].kill(t)
	delete(i.members, n)
}

// end ends an instance.
func (i *instances) end(t *testing.T, n int) {
	t.Helper()
	i.members[n].end(t)
	i.ended += i.members[n].finals(t).received
	delete(i.members, n)
}

// sum returns the sum of a metric over all members.
func (i *instances) sum(name string) (sum int) {
	for _, member := range i.members {
		sum += max(0, member.metric(name))
	}
	return sum
}

// hold waits until instances hold updates of many visitors each, which Target does not take.
func (i *instances) hold(t *testing.T, members ...int) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, n := range members {
			if i.members[n].metric("otelcol_adobe_target_outbox_visitors") < 100 {
				return false
			}
		}
		return true
	}, patience, tick)
}

// outage lets Target take nothing until it is over.
func (i *instances) outage(t *testing.T) {
	t.Helper()
	i.target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
}

func (i *instances) over(t *testing.T) {
	t.Helper()
	i.target.set(t, "faults", []map[string]any{})
}

// toll is what became of the records. Some may have been received twice. Disorders are values that Target
// got after a newer one of the visitor, and visitors are wrong who have such a value in the end.
type toll struct {
	sent, twice, calls, disorders, visitors, wrong int
}

// idle waits until nothing waits.
func (i *instances) idle(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		return i.sum("otelcol_exporter_queue_size")+i.sum("otelcol_adobe_target_outbox_records") == 0
	}, patience, tick)
}

// settle waits until nothing waits, and says what became of the records. All have been received.
func (i *instances) settle(t *testing.T) toll {
	t.Helper()
	i.idle(t)
	stats, profiles := i.target.stats(t), i.target.profiles(t)
	assert.Len(t, profiles, len(i.last), "no visitor is lost")
	if i.shares == 0 {
		used, err := strconv.Atoi(i.redis.field(t, "used"))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, used, stats.Attempts, "calls of all instances are of one account")
	}
	end := toll{
		sent: i.sent, twice: i.ended + i.sum("otelcol_adobe_target_records_received") - i.sent, calls: stats.Attempts,
		disorders: stats.Disorders, visitors: len(profiles), wrong: i.wrong(profiles),
	}
	t.Logf("%+v", end)
	return end
}

// TestEachWayToAFleetsQuotaIsValidAndNeedsItsNumberOrPlace looks at what is only a comment in the examples too.
func TestEachWayToAFleetsQuotaIsValidAndNeedsItsNumberOrPlace(t *testing.T) {
	for _, name := range []string{"fleet.yaml", "fleet-kafka.yaml"} {
		inRedis := filepath.Join("..", "examples", name)
		shared := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(shared, []byte(swapped(t, example(t, name, nil))), 0o600))
		for what, c := range map[string]struct {
			file, variable, refusal string
		}{
			"Redis":                     {inRedis, "REDIS_PASSWORD=a-secret", ""},
			"Redis, of an empty name":   {inRedis, "REDIS_ENDPOINT=", "quota::redis::endpoint: is empty"},
			"a share":                   {shared, "INSTANCE_COUNT=3", ""},
			"a share of a number unset": {shared, "INSTANCE_COUNT=", "quota: instances: must be at least 1"},
		} {
			output, err := validate(t, append(surroundings(t), c.variable), c.file)
			if c.refusal == "" {
				require.NoError(t, err, "%s, %s: %s", name, what, output)
				continue
			}
			require.Error(t, err, "%s, %s", name, what)
			assert.Contains(t, output, c.refusal, "%s, %s", name, what)
		}
	}
}
