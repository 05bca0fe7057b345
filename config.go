// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter // import "github.com/otelcol-adobetarget/adobetargetexporter"

import (
	"net/url"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

const (
	defaultTimeout      = 10 * time.Second
	defaultConcurrency  = 16
	maxConcurrency      = 1024
	defaultDrainTimeout = 30 * time.Second

	defaultMaxRetryAfter = 15 * time.Minute
	minMaxRetryAfter     = time.Second
	maxMaxRetryAfter     = 24 * time.Hour

	defaultOverflowAfter = time.Minute
	minOverflowAfter     = time.Second
	maxOverflowAfter     = 24 * time.Hour

	minRetryInterval = 100 * time.Millisecond

	// dryRunPace is how many calls a second a dry run shows.
	dryRunPace = 10

	// In memory a record takes one or two kilobytes, so the queue up to 100 MB.
	defaultQueueSize = 50_000
	// The same in other units, for a queue of another sizer.
	defaultQueueBytes    = 100 << 20
	defaultQueueRequests = 1_000
)

// Config is the configuration of the exporter.
type Config struct {
	// ClientConfig holds endpoint, timeout of one call, headers, auth, tls and the
	// further settings of confighttp. An endpoint that is not set is made from
	// client_code.
	ClientConfig confighttp.ClientConfig `mapstructure:",squash"`

	// ClientCode is the client code of the Target account: lower case letters and digits.
	ClientCode string `mapstructure:"client_code"`
	// Route says which of Adobe's APIs updates go to: single (the default), bulk or delivery.
	Route route.Name `mapstructure:"route"`
	// Overflow says where updates of the route single go while its quota is used up: none (the
	// default) lets them wait.
	Overflow route.Overflow `mapstructure:"overflow"`
	// OverflowAfter is for how long the quota frees nothing, or a due update has waited for it,
	// before updates overflow, from 1s to 24h.
	OverflowAfter time.Duration `mapstructure:"overflow_after"`
	// API is the way a call of the route single is made, which is also how goes what the route
	// bulk cannot carry.
	API route.Config `mapstructure:"api"`
	// Bulk is the way uploads of the route bulk are made.
	Bulk configoptional.Optional[route.BulkConfig] `mapstructure:"bulk"`
	// Delivery is the way a call of the route delivery is made.
	Delivery configoptional.Optional[route.DeliveryConfig] `mapstructure:"delivery"`

	// Visitor says where a visitor's id is found. The first entry that gives a usable
	// id names the visitor.
	Visitor []mapping.VisitorEntry `mapstructure:"visitor"`
	// Profile says where profile parameters are found. All entries apply; of two that
	// give the same parameter the later one wins.
	Profile []mapping.ProfileEntry `mapstructure:"profile"`
	// Conditions are OTTL conditions. A record that meets none is skipped; without any
	// condition all records are taken.
	Conditions []mapping.Condition `mapstructure:"conditions"`
	// VisitorPlaceholders are texts that are no id, in any case: what programs write
	// where they have none.
	VisitorPlaceholders []mapping.Placeholder `mapstructure:"visitor_placeholders"`
	// MaxValueLength leaves out parameters whose value has more characters; 0 is no limit.
	MaxValueLength int `mapstructure:"max_value_length"`
	// MaxThirdPartyIDLength is the most characters of an mbox3rdPartyId, up to 256.
	MaxThirdPartyIDLength int `mapstructure:"max_third_party_id_length"`

	// Outbox is how long updates wait for others of their visitor, and how many may.
	Outbox outbox.Config `mapstructure:"outbox"`
	// Concurrency is how many calls may be under way at once.
	Concurrency int `mapstructure:"concurrency"`
	// RateLimit is the pace of calls. `enabled: false` lets them leave at any pace.
	RateLimit configoptional.Optional[quota.RateLimitConfig] `mapstructure:"rate_limit"`
	// Quota is how many calls may leave in any rolling window.
	Quota quota.WindowConfig `mapstructure:"quota"`
	// MaxRetryAfter is the longest pause that Target's Retry-After is followed for,
	// from 1s to 24h.
	MaxRetryAfter time.Duration `mapstructure:"max_retry_after"`
	// DryRun logs calls, with their ids and values, instead of sending them.
	DryRun bool `mapstructure:"dry_run"`
	// DrainTimeout is for how long a shutdown goes on sending what a queue in memory
	// holds. A persistent queue keeps it instead.
	DrainTimeout time.Duration `mapstructure:"drain_timeout"`

	// QueueConfig is exporterhelper's queue.
	QueueConfig configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
	// RetryConfig is exporterhelper's retry. Its intervals are those of an update that waits
	// in the outbox.
	RetryConfig configretry.BackOffConfig `mapstructure:"retry_on_failure"`

	misread error // what Unmarshal has refused to read

	_ struct{}
}

func createDefaultConfig() component.Config {
	return &Config{
		ClientConfig:          defaultClientConfig(),
		Route:                 route.ToSingle,
		Overflow:              route.NoOverflow,
		OverflowAfter:         defaultOverflowAfter,
		API:                   route.NewDefaultConfig(),
		Bulk:                  configoptional.Default(route.NewDefaultBulkConfig()),
		Delivery:              configoptional.Default(route.NewDefaultDeliveryConfig()),
		Visitor:               mapping.DefaultVisitor(),
		Profile:               mapping.DefaultProfile(),
		VisitorPlaceholders:   mapping.DefaultPlaceholders(),
		MaxThirdPartyIDLength: profile.DefaultMaxThirdPartyIDLength,
		Outbox:                outbox.NewDefaultConfig(),
		Concurrency:           defaultConcurrency,
		RateLimit:             configoptional.Some(quota.NewDefaultRateLimitConfig()),
		Quota:                 quota.NewDefaultWindowConfig(),
		MaxRetryAfter:         defaultMaxRetryAfter,
		DrainTimeout:          defaultDrainTimeout,
		QueueConfig:           configoptional.Some(defaultQueueConfig()),
		RetryConfig:           defaultRetryConfig(),
	}
}

func defaultClientConfig() confighttp.ClientConfig {
	c := confighttp.NewDefaultClientConfig()
	c.Timeout = defaultTimeout
	// No more connections can be idle than calls were under way, so these are no
	// limits of their own: Go's default of two would close the others after each call.
	keepalive := confighttp.NewDefaultKeepaliveClientConfig()
	keepalive.MaxIdleConns = maxConcurrency
	keepalive.MaxIdleConnsPerHost = maxConcurrency
	c.Keepalive = configoptional.Some(keepalive)
	return c
}

// defaultQueueConfig returns a queue that keeps the order of records and makes receivers wait
// when it is full. It does not batch: the outbox merges, and a batch may overtake another.
func defaultQueueConfig() exporterhelper.QueueBatchConfig {
	q := exporterhelper.NewDefaultQueueConfig()
	q.NumConsumers = 1
	q.Sizer = exporterhelper.RequestSizerTypeItems
	q.QueueSize = defaultQueueSize
	q.BlockOnOverflow = true
	q.Batch = configoptional.Default(*q.Batch.GetOrInsertDefault())
	return q
}

// defaultRetryConfig returns a retry that never gives up: an outage may last, and
// waiting for the quota may too.
func defaultRetryConfig() configretry.BackOffConfig {
	r := configretry.NewDefaultBackOffConfig()
	r.MaxElapsedTime = 0
	return r
}

// endpoint returns the endpoint that is set, or the one of the client code.
func (cfg *Config) endpoint() string {
	if cfg.ClientConfig.Endpoint != "" {
		return cfg.ClientConfig.Endpoint
	}
	return "https://" + cfg.ClientCode + ".tt.omtrdc.net"
}

// host returns the host of the endpoint, as log lines name it.
func (cfg *Config) host() string {
	u, err := url.Parse(cfg.endpoint())
	if err != nil {
		return ""
	}
	return u.Host
}

// waits reports whether callers wait for the outcome of their records.
func (cfg *Config) waits() bool {
	queue := cfg.QueueConfig.Get()
	return queue == nil || queue.WaitForResult
}

// storage returns the storage extension of the queue, nil when it is in memory.
func (cfg *Config) storage() *component.ID {
	if queue := cfg.QueueConfig.Get(); queue != nil {
		return queue.StorageID
	}
	return nil
}

// disorderly names the settings that let a record of a visitor overtake another.
func (cfg *Config) disorderly() []string {
	queue := cfg.QueueConfig.Get()
	switch {
	case queue == nil:
		return []string{"sending_queue is off, so requests of several callers are sent at once"}
	case queue.Batch.HasValue():
		return []string{"sending_queue::batch is on, so a batch may overtake another; the outbox merges without it, by outbox::merge_window"}
	}
	return nil
}

// dryRunLimits are those of a dry run, which shows a few calls a second at most.
func dryRunLimits(limits quota.Limits) quota.Limits {
	pace := quota.RateLimitConfig{CallsPerSecond: dryRunPace, Burst: 1}
	if limits.RateLimit != nil {
		pace.CallsPerSecond = min(pace.CallsPerSecond, limits.RateLimit.CallsPerSecond)
	}
	limits.RateLimit = &pace
	return limits
}

// NewMapper returns what makes updates of records for the calls of an API.
func (cfg *Config) NewMapper(api route.API) (*mapping.Mapper, error) {
	return mapping.New(cfg.mapping(api.Limits()))
}

func (cfg *Config) mapping(call route.Limits) mapping.Config {
	return mapping.Config{
		Visitor:               cfg.Visitor,
		Profile:               cfg.Profile,
		Conditions:            cfg.Conditions,
		Placeholders:          cfg.VisitorPlaceholders,
		MaxValueLength:        cfg.maxValueLength(call),
		MaxThirdPartyIDLength: cfg.MaxThirdPartyIDLength,
		MaxCall:               call.Bytes,
		MaxParameters:         call.Parameters,
		UTF16:                 call.UTF16,
		RefusesName:           call.Refuses,
	}
}
