// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"errors"
	"fmt"
	"net"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
)

const (
	// MinLease is the shortest time for which calls can be borrowed.
	MinLease = time.Second
	// MaxLease is the longest one. What a process that was killed had borrowed is counted for so
	// long and for a window after that.
	MaxLease = time.Hour
)

// ColdStart is what is granted of an account that Redis does not know, or no longer.
type ColdStart string

const (
	// Wait grants nothing for a window: what was sent before is not known.
	Wait ColdStart = "wait"
	// Allow begins with nothing used, unless a process that runs knows that there was an account.
	Allow ColdStart = "allow"
)

// RedisConfig is where an account is kept that several processes share.
type RedisConfig struct {
	// Endpoint is host:port of the server, or of a node or sentinel that knows the others. Where there is
	// none the account is not kept in Redis.
	Endpoint string `mapstructure:"endpoint"`
	// Username and Password are those of an ACL user, or the password alone.
	Username string              `mapstructure:"username"`
	Password configopaque.String `mapstructure:"password,omitempty"`
	// DB is the number of the database. A cluster has but 0.
	DB int `mapstructure:"db"`
	// Cluster is set when the endpoint is a node of a Redis Cluster.
	Cluster bool `mapstructure:"cluster"`
	// SentinelMaster is the name of the master when the endpoint is a sentinel.
	SentinelMaster string `mapstructure:"sentinel_master"`
	// TLS is how the server is called by TLS, which it is not where this is absent.
	TLS configoptional.Optional[configtls.ClientConfig] `mapstructure:"tls"`
	// Prefix begins the names of all keys. Fleets that do not share an account differ in it, or in
	// client code or endpoint.
	Prefix string `mapstructure:"prefix"`
	// ColdStart says what is granted when the account is not there.
	ColdStart ColdStart `mapstructure:"cold_start"`
	// Lease is how calls are borrowed.
	Lease LeaseConfig `mapstructure:"lease"`

	_ struct{}
}

// LeaseConfig is how a process borrows calls.
type LeaseConfig struct {
	// Duration is for how long calls that were borrowed may leave while Redis cannot be asked.
	Duration time.Duration `mapstructure:"duration"`
	// Calls is how many are borrowed at once at most. How many are depends on how many are made.
	Calls int `mapstructure:"calls"`

	_ struct{}
}

// NewDefaultRedisConfig returns what holds where nothing else is said.
func NewDefaultRedisConfig() RedisConfig {
	return RedisConfig{
		Prefix:    "adobe_target",
		ColdStart: Wait,
		Lease:     LeaseConfig{Duration: 30 * time.Second, Calls: 1000},
	}
}

// Validate returns an error unless the account can be kept there.
func (c RedisConfig) Validate() error {
	var errs []error
	if !c.used() {
		if !reflect.DeepEqual(c, NewDefaultRedisConfig()) {
			errs = append(errs, errors.New("endpoint: is missing, write host:port, such as redis:6379"))
		}
		return errors.Join(errs...)
	}
	if !isHostPort(c.Endpoint) {
		// What was given may hold a password.
		errs = append(errs, errors.New("endpoint: must be host:port, such as redis:6379"))
	}
	if c.Cluster && c.SentinelMaster != "" {
		errs = append(errs, errors.New("cluster: is not for sentinel_master, the endpoint is a node or a sentinel"))
	}
	if c.DB < 0 || c.Cluster && c.DB > 0 {
		errs = append(errs, fmt.Errorf("db: must be at least 0, and 0 in a cluster, got %d", c.DB))
	}
	if c.Username != "" && c.Password == "" {
		errs = append(errs, errors.New("username: needs password beside it"))
	}
	if strings.ContainsAny(string(c.Password), "\r\n") {
		errs = append(errs, errors.New("password: must not hold a line break, such as the one at the end of a file"))
	}
	if c.Prefix == "" || strings.ContainsAny(c.Prefix, "{}") {
		errs = append(errs, fmt.Errorf("prefix: must be a text without braces, got %q", c.Prefix))
	}
	if c.ColdStart != Wait && c.ColdStart != Allow {
		errs = append(errs, fmt.Errorf("cold_start: must be %s or %s, got %q", Wait, Allow, c.ColdStart))
	}
	return errors.Join(append(errs, c.Lease.validate())...)
}

func isHostPort(endpoint string) bool {
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil || host == "" {
		return false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

func (c LeaseConfig) validate() error {
	var errs []error
	if c.Duration < MinLease || c.Duration > MaxLease {
		errs = append(errs, fmt.Errorf("lease::duration: must be from %s to %s, got %s", MinLease, MaxLease, c.Duration))
	}
	if c.Calls <= 0 {
		errs = append(errs, fmt.Errorf("lease::calls: must be at least 1, got %d", c.Calls))
	}
	return errors.Join(errs...)
}

func (c RedisConfig) used() bool { return c.Endpoint != "" }

// keys are the names of an account's keys. They have one hash slot, so that a cluster keeps them together.
func (c RedisConfig) keys(of Key, lease string) []string {
	base := "{" + c.Prefix + ":" + of.name() + "}:"
	return []string{base + "account", base + "calls", base + "seen", base + "hungry", base + "lease:" + lease}
}
