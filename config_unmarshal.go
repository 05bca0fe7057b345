// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

var _ confmap.Unmarshaler = (*Config)(nil)

// Unmarshal reads the YAML into the configuration, and gives a queue of another sizer a size in
// its unit. What cannot mean what it says is left to Validate: there the Collector says whose
// configuration it is in one line, and a decoder's errors would be Go types.
func (cfg *Config) Unmarshal(conf *confmap.Conf) error {
	if cfg.misread = misread(conf.ToStringMap()); cfg.misread != nil {
		_ = conf.Unmarshal(cfg, confmap.WithIgnoreUnused()) // for who prints it
		return nil
	}
	if err := conf.Unmarshal(cfg); err != nil {
		return err
	}
	cfg.sizeQueue(conf)
	cfg.settleRoute(conf)
	return nil
}

// sizeQueue keeps our default size, which is in records, from being one in bytes or requests.
func (cfg *Config) sizeQueue(conf *confmap.Conf) {
	queue := cfg.QueueConfig.Get()
	if queue == nil || conf.IsSet("sending_queue::queue_size") {
		return
	}
	switch queue.Sizer {
	case exporterhelper.RequestSizerTypeBytes:
		queue.QueueSize = defaultQueueBytes
	case exporterhelper.RequestSizerTypeRequests:
		queue.QueueSize = defaultQueueRequests
	}
}
