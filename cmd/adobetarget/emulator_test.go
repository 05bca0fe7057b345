// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func TestFlagsThatCannotBe(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	wrong := filepath.Join(t.TempDir(), "wrong")
	require.NoError(t, os.WriteFile(wrong, []byte("mboxPC=secret.1.2\n"), 0o600))
	for _, test := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"an unknown flag", []string{"--nothing"}, exitUsage, "unknown flag: --nothing"},
		{"an argument", []string{"serve"}, exitUsage, "unknown command"},
		{"a client code with capitals", []string{"--client", "Acme"}, exitUsage, "client code"},
		{"a negative quota", []string{"--quota", "-1"}, exitUsage, "quota"},
		{"another reading of batches", []string{"--bulk-override", "both"}, exitUsage, "override must be"},
		{"a negative time of a batch", []string{"--bulk-processing", "-1s"}, exitUsage, "processing must be"},
		{"a certificate without a key", []string{"--tls-cert", "x.pem"}, exitUsage, "belong together"},
		{"a certificate that is none", []string{"--tls-cert", empty, "--tls-key", empty}, exitFailure, "--tls-cert"},
		{"known visitors that are not there", []string{"--known", "nowhere"}, exitUsage, "--known"},
		{"known visitors that are impossible", []string{"--known", wrong}, exitUsage, "line 1"},
		{"a fault that is no JSON", []string{"--fault", "secret"}, exitUsage, "--fault number 1"},
		{"a second fault of no kind", []string{"--fault", `{"kind":"reset"}`, "--fault", `{"visitor":"secret"}`}, exitUsage, "--fault number 2"},
		{"an address that is none", []string{"--listen", "127.0.0.1:x"}, exitFailure, "--listen"},
		{"a state that cannot be written", []string{"--listen", "127.0.0.1:0", "--state", filepath.Join(t.TempDir(), "no", "folder")}, exitFailure, "--state"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(ended(t), append([]string{"emulator"}, test.args...), nil, &stdout, &stderr)

			assert.Equal(t, test.code, code)
			assert.Contains(t, stderr.String(), test.says)
			assert.NotContains(t, stderr.String(), "secret")
		})
	}
}

func TestHelpExplainsTheControlAndTheFaults(t *testing.T) {
	var stdout, stderr bytes.Buffer
	assert.Equal(t, exitOK, run(t.Context(), []string{"emulator", "--help"}, nil, &stdout, &stderr))
	for _, text := range []string{"/m2/{clientCode}/profile/update", "--quota-window", "--sequence", "/_emulator/faults", `"kind":"status"`, "/_emulator/reset"} {
		assert.Contains(t, stdout.String(), text)
	}
}

func TestFlagsBecomeSettings(t *testing.T) {
	known := filepath.Join(t.TempDir(), "known")
	require.NoError(t, os.WriteFile(known, []byte("mboxPC=1\n"), 0o600))
	var o emulatorOptions
	flags := pflag.NewFlagSet("emulator", pflag.ContinueOnError)
	o.define(flags)
	require.NoError(t, flags.Parse([]string{
		"--client", "acme", "--known", known, "--third-party-length", "256", "--plain", "--token", "s3cret",
		"--quota", "10", "--quota-window", "1h", "--quota-retry-after", "1m", "--latency", "2s", "--jitter", "1s", "--seed", "7",
		"--fault", `{"kind":"reset","count":1}`, "--fault", `{"kind":"hang"}`, "--history", "--sequence", "seq", "--bulk-processing", "3s", "--bulk-override", "last_value", "--sequence", "step",
	}))
	require.NoError(t, o.read())
	assert.Equal(t, emulator.Settings{
		ClientCode:         "acme",
		Known:              []emulator.Visitor{{Parameter: emulator.MboxPC, ID: "1"}},
		ThirdPartyIDLength: 256,
		Plain:              true,
		Token:              "s3cret",
		Quota:              emulator.Quota{Calls: 10, Window: time.Hour, RetryAfter: time.Minute},
		Bulk:               emulator.Bulk{Processing: 3 * time.Second, Override: emulator.OverrideLastValue},
		Latency:            emulator.Latency{Fixed: 2 * time.Second, Jitter: time.Second},
		Seed:               7,
		Faults:             []emulator.Fault{{Kind: emulator.FaultReset, Count: 1}, {Kind: emulator.FaultHang}},
		History:            true,
		Sequences:          []string{"seq", "step"},
		RecentCalls:        recentCalls,
	}, o.settings)
}
