// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

// emulatorOptions are the command line: where to listen, and what the emulator is.
type emulatorOptions struct {
	listen   string
	tlsCert  string
	tlsKey   string
	state    string
	known    string
	page     bool
	faults   []string
	settings emulator.Settings
}

func (o *emulatorOptions) define(flags *pflag.FlagSet) {
	o.defineServer(flags)
	o.defineTarget(flags)
	flags.StringVar(&o.known, "known", "", "update only: `file` of the visitors that exist, a line each: mboxPC=<id> or mbox3rdPartyId=<id>")
	flags.StringArrayVar(&o.faults, "fault", nil, "a fault in the `JSON` shape below; may be given several times, the first that matches wins")
}

func (o *emulatorOptions) defineServer(flags *pflag.FlagSet) {
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8089", "`address` to listen on; port 0 takes a free one, told in the first line of the output")
	flags.StringVar(&o.tlsCert, "tls-cert", "", "PEM `file` of the certificate; with --tls-key the emulator speaks https")
	flags.StringVar(&o.tlsKey, "tls-key", "", "PEM `file` of the certificate's key")
	flags.BoolVar(&o.page, "page", true, "serve the page on /, and keep the newest calls for it; =false leaves the time that takes to the calls")
	flags.StringVar(&o.state, "state", "", "`file` that gets the counters as JSON at the end")
}

func (o *emulatorOptions) defineTarget(flags *pflag.FlagSet) {
	s := &o.settings
	flags.StringVar(&s.ClientCode, "client", "", "the only client `code` served; every code when not given")
	flags.IntVar(&s.ThirdPartyIDLength, "third-party-length", 128, "longest mbox3rdPartyId in `characters`, up to 256")
	flags.BoolVar(&s.Plain, "plain", false, "answer updates as text and not as XML")
	flags.StringVar(&s.Token, "token", "", "bearer `token` that updates and fetches must carry")
	flags.IntVar(&s.Quota.Calls, "quota", 0, "update `attempts` allowed to a client code in any window; 0 sets no limit")
	flags.DurationVar(&s.Quota.Window, "quota-window", emulator.DefaultQuotaWindow, "`span` of the rolling window")
	flags.DurationVar(&s.Quota.RetryAfter, "quota-retry-after", 0, "Retry-After `time` sent past the quota; 0 sends none")
	flags.StringVar((*string)(&s.Single.Segment), "segment", "", "the only `word` behind /m2/ in the path of updates: code or literal; both when not given")
	flags.StringVar((*string)(&s.Single.Place), "place", "", "the only `place` of a POST whose parameters are looked at: body or query; both when not given")
	flags.BoolVar(&s.Single.RefuseUnknown, "refuse-unknown", false, "refuse updates of visitors who do not exist")
	flags.IntVar(&s.Single.ValueLength, "value-length", 0, "longest value of an update in `characters`; 0 sets no limit")
	flags.DurationVar(&s.Single.Lag, "lag", 0, "`time` until a fetch shows what an update did")
	flags.DurationVar(&s.Bulk.Processing, "bulk-processing", 0, "`time` until a batch is complete and its rows take effect")
	flags.StringVar((*string)(&s.Bulk.Override), "bulk-override", string(emulator.OverrideLostProperties),
		"what happens to `attributes` of a visitor's batch that the next batch lacks: lost_properties, or last_value to keep them")
	flags.DurationVar(&s.Latency.Fixed, "latency", 0, "`time` every answer takes at least")
	flags.DurationVar(&s.Latency.Jitter, "jitter", 0, "random `time` that comes on top, up to this")
	flags.Uint64Var(&s.Seed, "seed", 1, "`number` that makes probabilities and jitter repeatable")
	flags.BoolVar(&s.History, "history", false, "keep every applied value, see /_emulator/history")
	flags.StringArrayVar(&s.Sequences, "sequence", nil,
		"profile parameter `name`, without profile., that must rise from update to update of a visitor; may be given several times")
}

func (o *emulatorOptions) readKnown() error {
	if o.known == "" {
		return nil
	}
	file, err := os.Open(o.known)
	if err != nil {
		return fmt.Errorf("--known: %w", err)
	}
	defer file.Close()
	if o.settings.Known, err = emulator.ReadKnown(file); err != nil {
		return fmt.Errorf("--known: %w", err)
	}
	return nil
}

// parseFaults comes after the flags, whose own errors would repeat the fault and with it a visitor's id.
func (o *emulatorOptions) parseFaults() error {
	for i, text := range o.faults {
		f, err := emulator.ParseFault(text)
		if err != nil {
			return fmt.Errorf("--fault number %d: %w", i+1, err)
		}
		o.settings.Faults = append(o.settings.Faults, f)
	}
	return nil
}
