// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// leaseFormat is the version of what is kept in Redis.
const leaseFormat = 1

// unlimited is what the script takes for a quota that there is not: what it still counts exactly.
const unlimited = 1_000_000_000_000_000

// leaseScript answers an ask, see there what is kept and how.
//
//go:embed lease.lua
var leaseText string

var leaseScript = redis.NewScript(leaseText)

// errRefused is that an account in Redis cannot be used as things are: to ask again does not help.
var errRefused = errors.New("refused")

// lender keeps an account in Redis. It makes no rule of its own but what the script says.
type lender struct {
	client   redis.UniversalClient
	cfg      RedisConfig
	key      Key
	limits   Limits
	id       string // of this process, new with each start
	keys     []string
	fresh    string // names the account if it begins now
	patience time.Duration
	dialed   atomic.Pointer[error] // why there was no connection last
	// run runs the script.
	run func(ctx context.Context, client redis.Scripter, keys []string, args ...any) *redis.Cmd
}

// newLender returns what asks the server of the configuration. Nothing is asked yet.
func newLender(ctx context.Context, key Key, limits Limits) (*lender, error) {
	cfg := limits.Quota.Redis
	id := rand.Text()
	l := &lender{
		cfg: cfg, key: key, limits: limits, id: id, keys: cfg.keys(key, id), fresh: rand.Text(),
		patience: min(2*time.Second, cfg.Lease.Duration/2), run: leaseScript.Run,
	}
	var security *tls.Config
	if cfg.TLS.HasValue() {
		var err error
		if security, err = cfg.TLS.Get().LoadTLSConfig(ctx); err != nil {
			return nil, fmt.Errorf("quota::redis::tls: %w", err)
		}
	}
	l.client = redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs:    []string{cfg.Endpoint},
		Username: cfg.Username,
		Password: string(cfg.Password),
		DB:       cfg.DB,

		IsClusterMode: cfg.Cluster,
		MasterName:    cfg.SentinelMaster,
		TLSConfig:     security,
		Dialer:        l.dialer(security),

		// An ask that fails is repeated by who asks.
		MaxRetries:  -1,
		DialTimeout: l.patience, ReadTimeout: l.patience, WriteTimeout: l.patience, ContextTimeoutEnabled: true,
		PoolSize: 2, Protocol: 2, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	return l, nil
}

// dialer returns what connects to a server. It notes why that fails, for the client goes on to try until the
// time of an ask is over, and then says no more than that.
func (l *lender) dialer(security *tls.Config) func(ctx context.Context, network, addr string) (net.Conn, error) {
	plain := &net.Dialer{Timeout: l.patience}
	dial := plain.DialContext
	if security != nil {
		dial = (&tls.Dialer{NetDialer: plain, Config: security}).DialContext
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err == nil {
			l.dialed.Store(nil)
		} else if ctx.Err() == nil {
			l.dialed.Store(&err)
		}
		return conn, err
	}
}

// ask asks once. An error that is errRefused says what to change.
func (l *lender) ask(ctx context.Context, a *ask) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, l.patience)
	defer cancel()
	reply, err := l.run(ctx, l.client, l.keys, l.arguments(a)...).Slice()
	if err != nil {
		return answer{}, l.fault(err)
	}
	return l.read(reply)
}

// close ends the connections. One that a failover has ended is none.
func (l *lender) close() error {
	if err := l.client.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
