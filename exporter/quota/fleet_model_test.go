// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"errors"
	"flag"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// modelScript is the script with the clock and the run of the server given by the model.
var modelScript = redis.NewScript(strings.NewReplacer(
	"redis.call('TIME')", "{math.floor(ask.clock / 1000), ask.clock % 1000 * 1000}",
	"string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')", "text.run",
).Replace(leaseText))

// fleet is several processes that share one account in a real Redis, in virtual time, and what really was sent.
type fleet struct {
	t      *testing.T
	limits Limits
	server *redisServer
	client *redis.Client  // to look into it
	disk   []any          // what survives a crash of the server
	late   sync.WaitGroup // asks that are still to be heard

	mu     sync.Mutex // never held while time passes
	random *rand.Rand
	now    weather
	calls  map[*made]bool
	all    int
	most   int // in any window
}

// weather is how server and network are.
type weather struct {
	ahead                           time.Duration // of the server's clock
	slow                            time.Duration // of an answer
	run                             int           // how often the server has started
	lostAsks, lostAnswers, lateAsks float64
	away                            bool
}

// member is one of the fleet.
type member struct {
	fleet   *fleet
	account *Account
	ctx     context.Context
	kill    context.CancelFunc
	clock   atomic.Int64 // by how much its clock is ahead
	asked   atomic.Int64
	work    sync.WaitGroup
}

func (p *member) ahead() time.Duration { return time.Duration(p.clock.Load()) }

// change changes the weather.
func (f *fleet) change(to func(*weather)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	to(&f.now)
}

func (f *fleet) weather() weather {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// chance is true so often.
func (f *fleet) chance(often float64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.random.Float64() < often
}

func (f *fleet) upTo(d time.Duration) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Duration(f.random.Int64N(int64(d)))
}

func (f *fleet) one(of int) int { return int(f.upTo(time.Duration(of))) }

func newFleet(t *testing.T, seed uint64, server *redisServer, limits Limits) *fleet {
	f := &fleet{
		t: t, random: rand.New(rand.NewPCG(seed, 15)), limits: limits, server: server,
		client: server.client(), calls: make(map[*made]bool),
	}
	require.NoError(t, f.client.FlushAll(t.Context()).Err())
	return f
}

func fleetLimits(server *redisServer, calls int, window time.Duration) Limits {
	cfg := NewDefaultRedisConfig()
	cfg.Endpoint = server.endpoint()
	cfg.ColdStart = Allow
	cfg.Lease.Duration = 5 * time.Second
	return Limits{
		Quota:     WindowConfig{Calls: calls, Window: window, Redis: cfg},
		RateLimit: &RateLimitConfig{CallsPerSecond: 100, Burst: 50},
		Timeout:   time.Second,
	}
}

// start starts a process that makes calls without an end, so many at once.
func (f *fleet) start(calls int) *member {
	p := &member{fleet: f, account: NewAccount(f.limits)}
	p.ctx, p.kill = context.WithCancel(f.t.Context())
	lender, err := newLender(p.ctx, acme, f.limits)
	require.NoError(f.t, err)
	require.NoError(f.t, lender.close())
	lender.client, lender.run = f.server.client(), p.run
	require.NoError(f.t, p.account.borrow(p.ctx, lender, f.limits, zap.NewNop()))
	for range calls {
		p.work.Go(p.call)
	}
	return p
}

// run is a network and a server that fail: an ask may be lost, or heard when nobody waits for the answer any more.
func (p *member) run(ctx context.Context, _ redis.Scripter, keys []string, args ...any) *redis.Cmd {
	f := p.fleet
	p.asked.Add(1)
	failed := redis.NewCmd(ctx)
	ctx = context.WithoutCancel(ctx) // what the server hears it does, whoever waits for it
	failed.SetErr(errors.New("the network fails"))
	is := f.weather()
	if is.away || p.ctx.Err() != nil || f.chance(is.lostAsks) {
		return failed
	}
	for i := 0; i < len(args); i += 2 {
		if args[i] == "wall" {
			args[i+1] = time.Now().Add(p.ahead()).UnixMilli()
		}
	}
	// A server that is behind cannot tell how late an ask is, nor what it has granted since: one trouble at a time.
	if is.ahead >= 0 && f.chance(is.lateAsks) {
		f.late.Go(func() {
			time.Sleep(f.upTo(longestDelay))
			f.hear(ctx, keys, args)
		})
		return failed
	}
	cmd := f.hear(ctx, keys, args)
	time.Sleep(is.slow)
	if f.chance(is.lostAnswers) {
		time.Sleep(f.upTo(3 * time.Second))
		return failed
	}
	return cmd
}

// hear is the server that hears an ask.
func (f *fleet) hear(ctx context.Context, keys []string, args []any) *redis.Cmd {
	is := f.weather()
	args = append(slices.Clip(args), "clock", time.Now().Add(is.ahead).UnixMilli(), "run", "run"+strconv.Itoa(is.run))
	cmd := modelScript.Run(ctx, f.client, keys, args...)
	if cmd.Err() != nil {
		f.t.Errorf("the script fails: %v", cmd.Err())
	}
	f.audit(ctx)
	return cmd
}

// auditScript returns how the account differs from the calls it stands for, one number for each: what is used,
// the first and the last part that has calls.
var auditScript = redis.NewScript(`
	local used, first, last = 0, math.huge, -math.huge
	local calls = redis.call('HGETALL', KEYS[2])
	for i = 1, #calls, 2 do
		local part, n = tonumber(calls[i]), tonumber(calls[i + 1])
		if n <= 0 then return 'a part has ' .. n .. ' calls' end
		used, first, last = used + n, math.min(first, part), math.max(last, part)
	end
	local a = redis.call('HMGET', KEYS[1], 'used', 'floor', 'newest')
	if tonumber(a[1] or '0') ~= used then return a[1] .. ' are used, and ' .. used .. ' counted' end
	if used > 0 and (tonumber(a[2]) > first or tonumber(a[3]) < last) then return 'there are calls in no part' end
	return ''`)

// audit checks that the account is that of the calls it has counted.
func (f *fleet) audit(ctx context.Context) {
	keys := f.limits.Quota.Redis.keys(acme, "")
	wrong, err := auditScript.Run(ctx, f.client, keys).Text()
	if err != nil || wrong != "" {
		f.t.Errorf("%s (%v)", wrong, err)
	}
}

// call makes calls one after the other, until the process is killed. One that was under way then
// may still reach Target.
func (p *member) call() {
	f := p.fleet
	var waits Waits
	for p.account.Wait(p.ctx, &waits) == nil {
		if p.ctx.Err() != nil {
			return
		}
		c := &made{left: time.Now()}
		f.left(c)
		time.Sleep(f.upTo(f.limits.Timeout) * 95 / 100)
		f.mu.Lock()
		c.over = time.Now()
		f.mu.Unlock()
		p.account.Done(time.Now())
	}
}

// left counts a call, and checks the windows that end now.
func (f *fleet) left(c *made) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all++
	f.calls[c] = true
	maps.DeleteFunc(f.calls, func(c *made, _ bool) bool {
		return !c.over.IsZero() && time.Since(c.over) >= f.limits.Quota.Window
	})
	f.most = max(f.most, len(f.calls))
	if len(f.calls) > f.limits.Quota.Calls {
		f.t.Errorf("%d calls in the window that ends at %s, %d may be", len(f.calls), time.Now(), f.limits.Quota.Calls)
	}
}

func (p *member) crash() {
	p.kill()
	p.work.Wait()
	<-p.account.borrower.endedBy(p.account)
}

func (b *borrower) endedBy(*Account) chan struct{} {
	b.stop()
	return b.ended
}

// keepScript and restartScript are whole: a real server loses the last writes, and never a part of one.
var (
	keepScript    = redis.NewScript(`local all = {} for _, key in ipairs(redis.call('KEYS', '*')) do all[#all + 1] = key all[#all + 1] = redis.call('DUMP', key) end return all`)
	restartScript = redis.NewScript(`redis.call('FLUSHALL') for i = 1, #ARGV, 2 do redis.call('RESTORE', ARGV[i], 0, ARGV[i + 1]) end`)
)

// keep is what the server writes to its disk now and then.
func (f *fleet) keep() {
	kept, err := keepScript.Run(f.t.Context(), f.client, nil).Slice()
	require.NoError(f.t, err)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.disk = kept
}

// restart is a crash of the server: it knows what it kept last.
func (f *fleet) restart() {
	f.mu.Lock()
	disk := f.disk
	f.now.run++ // before, as no ask is heard by the server that it was and finds what the next one knows
	f.mu.Unlock()
	err := restartScript.Run(f.t.Context(), f.client, nil, disk...).Err()
	require.ErrorIs(f.t, err, redis.Nil)
}

// inFleet runs a scenario in virtual time.
func inFleet(t *testing.T, seed uint64, server *redisServer, limits func(*redisServer) Limits, scenario func(*fleet)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, seed, server, limits(server))
		scenario(f)
		f.late.Wait()
		require.NoError(t, f.client.Close())
	})
}

func TestFleet_UsesTheQuotaAndNoMore(t *testing.T) {
	server := startRedis(t)
	const calls, window = 500, time.Minute
	for seed := range uint64(3) {
		inFleet(t, seed, server, func(s *redisServer) Limits { return fleetLimits(s, calls, window) }, func(f *fleet) {
			var all []*member
			for range 4 {
				all = append(all, f.start(8))
			}
			const minutes = 10
			time.Sleep(minutes * window)
			for _, p := range all {
				p.crash()
			}
			assert.Greater(t, f.all, calls*minutes*95/100, "seed %d", seed)
			t.Logf("%d calls of %d, at most %d in a window", f.all, calls*minutes, f.most)
		})
	}
}

// fleetSeeds is how many fleets are watched.
var (
	fleetSeeds = flag.Uint64("fleets", 5, "how many fleets the model watches")
	firstFleet = flag.Uint64("fleet", 0, "the first of them")
)

// longestDelay is after what time an ask is heard at the latest.
const longestDelay = 4 * time.Second

// misfortunes are what happens to a fleet, and how often beside the others. One clock at a time is wrong.
var misfortunes = []struct {
	often  int
	what   string
	happen func(f *fleet, all []*member)
}{
	{4, "a process is killed", (*fleet).replace},
	{1, "the server starts again", func(f *fleet, _ []*member) { f.restart() }},
	{1, "the server is away", func(f *fleet, _ []*member) {
		f.change(func(w *weather) { w.away = true })
		time.Sleep(f.upTo(8 * time.Second))
		f.change(func(w *weather) { w.away = false })
	}},
	{1, "the clock of the server is set", func(f *fleet, all []*member) {
		f.setClocks(all)
		ahead := f.upTo(4*time.Minute) - 2*time.Minute
		f.change(func(w *weather) { w.ahead = ahead })
	}},
	{1, "the clock of a machine is set", func(f *fleet, all []*member) {
		f.setClocks(all)
		all[f.one(len(all))].clock.Store(int64(f.upTo(4*time.Minute) - 2*time.Minute))
	}},
	{2, "all clocks are right", (*fleet).setClocks},
	{1, "a pause", func(f *fleet, all []*member) { all[f.one(len(all))].account.Pause(f.upTo(3 * time.Second)) }},
	{1, "the network fails", func(f *fleet, _ []*member) {
		f.change(func(w *weather) {
			w.lostAsks, w.lostAnswers, w.lateAsks = 0.3*f.random.Float64(), 0.3*f.random.Float64(), 0.1*f.random.Float64()
		})
	}},
	{1, "the network is good", func(f *fleet, _ []*member) {
		f.change(func(w *weather) { w.lostAsks, w.lostAnswers, w.lateAsks = 0, 0, 0 })
	}},
}

// setClocks sets all clocks right, until no ask is under way that tells another time.
func (f *fleet) setClocks(all []*member) {
	f.change(func(w *weather) { w.ahead = 0 })
	for _, p := range all {
		p.clock.Store(0)
	}
	time.Sleep(longestDelay)
}

// replace kills a process and starts another one.
func (f *fleet) replace(all []*member) {
	i := f.one(len(all))
	all[i].crash()
	ahead := all[i].ahead()
	all[i] = f.start(1 + f.one(8))
	all[i].clock.Store(int64(ahead))
}

func (f *fleet) misfortune(all []*member) {
	sum := 0
	for _, m := range misfortunes {
		sum += m.often
	}
	n := f.one(sum)
	for _, m := range misfortunes {
		if n -= m.often; n < 0 {
			f.t.Logf("%s %s", time.Now().Format("04:05.000"), m.what)
			m.happen(f, all)
			return
		}
	}
}

func TestFleet_IsNeverOverItsQuotaWhateverHappens(t *testing.T) {
	server := startRedis(t)
	limits := func(s *redisServer) Limits {
		l := fleetLimits(s, 300, time.Minute)
		l.RateLimit = &RateLimitConfig{CallsPerSecond: 20, Burst: 20}
		return l
	}
	for seed := *firstFleet; seed < *firstFleet+*fleetSeeds; seed++ {
		inFleet(t, seed, server, limits, func(f *fleet) {
			f.limits.Quota.Redis.Lease.Duration = 3*time.Second + f.upTo(8*time.Second)
			var over atomic.Bool
			var disk sync.WaitGroup
			f.keep()
			disk.Go(func() {
				for !over.Load() {
					time.Sleep(time.Second)
					f.keep()
				}
			})
			var all []*member
			for range 2 + f.one(4) {
				all = append(all, f.start(1+f.one(8)))
			}
			for range 100 {
				time.Sleep(f.upTo(10 * time.Second))
				f.misfortune(all)
			}
			for _, p := range all {
				p.crash()
			}
			over.Store(true)
			disk.Wait()
			t.Logf("seed %d: %d calls, at most %d in a window", seed, f.all, f.most)
			assert.Greater(t, f.all, 300, "seed %d", seed)
		})
	}
}
