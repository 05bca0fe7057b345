// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"reflect"

	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

var _ confmap.Unmarshaler = (*Config)(nil)

// Unmarshal reads the YAML into the configuration. It refuses keys that it does not
// know, and gives a queue of another sizer a size in its unit.
func (cfg *Config) Unmarshal(conf *confmap.Conf) error {
	if err := conf.Unmarshal(cfg); err != nil {
		return err
	}
	if err := cfg.refuseUnknown(conf); err != nil {
		return err
	}
	cfg.sizeQueue(conf)
	cfg.settleRoute(conf)
	return nil
}

// plainClientConfig is confighttp's without its methods.
type plainClientConfig confighttp.ClientConfig

// refuseUnknown decodes once more, strictly. In some versions confighttp reads its
// squashed settings by a method of its own that overlooks keys it does not know, and
// confmap then overlooks them in the whole configuration: a quota that is misspelled
// would be no quota.
func (cfg *Config) refuseUnknown(conf *confmap.Conf) error {
	given := reflect.ValueOf(cfg).Elem()
	var fields []reflect.StructField
	var values []reflect.Value
	for i := range given.NumField() {
		field, value := given.Type().Field(i), given.Field(i)
		if !field.IsExported() {
			continue
		}
		if value.Type() == reflect.TypeFor[confighttp.ClientConfig]() {
			value = value.Convert(reflect.TypeFor[plainClientConfig]())
		}
		fields = append(fields, reflect.StructField{Name: field.Name, Type: value.Type(), Tag: field.Tag})
		values = append(values, value)
	}
	strict := reflect.New(reflect.StructOf(fields))
	for i, value := range values {
		strict.Elem().Field(i).Set(value)
	}
	return conf.Unmarshal(strict.Interface())
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
