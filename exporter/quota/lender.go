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
	"math"
	"net"
	"strconv"
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

// ask is one request for calls. It stays as it is when it is repeated.
type ask struct {
	seq     int64
	epoch   string // what is known of the account, "" before the first answer
	gen     int64
	alive   bool // the lease of the ask before has not ended
	over    int  // calls that are over since
	back    int  // calls that do not leave
	want    int
	pause   time.Duration // that Target has asked for
	leaves  bool          // the process ends
	timeout time.Duration // of a call
	sent    time.Duration // since the origin, when it was sent first
	wall    time.Time     // the same by the machine's clock
}

// answer is what Redis grants, and the state of the account.
type answer struct {
	epoch  string
	gen    int64
	known  bool // the lease goes on
	grant  int
	used   int           // by all processes, what they have borrowed among it
	why    string        // less was granted than wanted: quota, pace, or "" for neither
	next   time.Duration // until the pace lets another one leave
	oldest time.Duration // until the oldest call that is counted is forgotten, 0 without any
	pause  time.Duration
	began  string // empty, full or behind, when Redis did not know the account or not all of it
	clock  time.Time
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

// arguments are names and values for the script.
func (l *lender) arguments(a *ask) []any {
	pace := RateLimitConfig{}
	if l.limits.RateLimit != nil {
		pace = *l.limits.RateLimit
	}
	return []any{
		"format", leaseFormat, "id", l.id, "seq", a.seq, "wall", time.Now().UnixMilli(),
		"known", a.epoch, "fresh", l.fresh, "gen", a.gen, "alive", number(a.alive),
		"over", a.over, "back", a.back, "want", a.want, "leaves", number(a.leaves),
		"calls", min(l.limits.Quota.Calls, unlimited), "window", l.limits.Quota.Window.Milliseconds(),
		"rate", strconv.FormatFloat(pace.CallsPerSecond, 'g', -1, 64), "burst", pace.Burst,
		"ttl", l.cfg.Lease.Duration.Milliseconds(), "timeout", milliseconds(a.timeout),
		"pause", milliseconds(a.pause), "hungry", hungryFor.Milliseconds(),
		"cold", number(l.cfg.ColdStart == Allow || l.limits.Quota.Calls == Unlimited),
	}
}

func number(is bool) int {
	if is {
		return 1
	}
	return 0
}

// milliseconds are rounded up.
func milliseconds(d time.Duration) int64 {
	return int64(math.Ceil(float64(d) / float64(time.Millisecond)))
}

// read reads what the script returns.
func (l *lender) read(reply []any) (answer, error) {
	texts := make([]string, len(reply))
	numbers := make([]int64, len(reply))
	for i, part := range reply {
		switch part := part.(type) {
		case string:
			texts[i] = part
		case int64:
			numbers[i] = part
		}
	}
	switch {
	case len(reply) == 12 && texts[0] == "ok":
		return answer{
			epoch: texts[1], gen: numbers[2], known: numbers[3] == 1, grant: int(numbers[4]), used: int(numbers[5]),
			why: texts[6], next: time.Duration(numbers[7]) * time.Millisecond,
			oldest: time.Duration(numbers[8]) * time.Millisecond, pause: time.Duration(numbers[9]) * time.Millisecond,
			began: texts[10], clock: time.UnixMilli(numbers[11]),
		}, nil
	case len(reply) == 6 && texts[0] == "limits":
		return answer{}, fmt.Errorf("quota::redis: %w", l.otherLimits(texts[1:]))
	case len(reply) == 2 && texts[0] == "late":
		return answer{}, errors.New("quota::redis: a later ask of this process has been answered before")
	case len(reply) == 2 && texts[0] == "clocks":
		ahead, _ := strconv.ParseInt(texts[1], 10, 64)
		return answer{}, fmt.Errorf("quota::redis: the clock of %s is ahead of this machine's by %s, and no call is counted by clocks that are "+
			"more than a day apart: set the one right that is wrong", l.cfg.Endpoint, (time.Duration(ahead) * time.Millisecond).Round(time.Second))
	case len(reply) == 1 && texts[0] == "blind":
		return answer{}, fmt.Errorf("quota::redis: %s is %w: INFO server tells no run_id, so that a restart in which it lost calls would go unnoticed; "+
			"call a server that tells it", l.cfg.Endpoint, errRefused)
	case len(reply) == 2 && texts[0] == "format":
		return answer{}, fmt.Errorf("quota::redis: the account of %s is %w: it has format %q, this version knows %d; "+
			"let all processes be of one version, or choose another prefix", l.key, errRefused, texts[1], leaseFormat)
	}
	return answer{}, fmt.Errorf("quota::redis: the account of %s is %w: what the server answers is not of this exporter's script; "+
		"call a Redis server, not one that only speaks its protocol", l.key, errRefused)
}

// otherLimits says how the limits differ from those that other processes use the account with.
func (l *lender) otherLimits(theirs []string) error {
	there := l.limits
	there.Quota.Calls, _ = strconv.Atoi(theirs[0])
	if there.Quota.Calls == unlimited {
		there.Quota.Calls = Unlimited
	}
	window, _ := strconv.ParseInt(theirs[1], 10, 64)
	there.Quota.Window = time.Duration(window) * time.Millisecond
	rate, _ := strconv.ParseFloat(theirs[2], 64)
	burst, _ := strconv.Atoi(theirs[3])
	ttl, _ := strconv.ParseInt(theirs[4], 10, 64)
	there.Quota.Redis.Lease.Duration = time.Duration(ttl) * time.Millisecond
	there.RateLimit = nil
	if rate > 0 {
		there.RateLimit = &RateLimitConfig{CallsPerSecond: rate, Burst: burst}
	}
	return fmt.Errorf("the account is %w: %w", errRefused, otherLimits("another process", l.key, l.limits, there))
}

// close ends the connections. One that a failover has ended is none.
func (l *lender) close() error {
	if err := l.client.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
