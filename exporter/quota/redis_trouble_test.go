// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// worker makes calls of a process one after the other, until it is stopped.
type worker struct {
	*sharer
	made atomic.Int64
	stop func()
}

// work lets calls leave at a pace at which a test does not use the quota up, where all is well.
func work(t *testing.T, p *sharer) *worker {
	w := &worker{sharer: p}
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		for p.Wait(ctx, &Waits{}) == nil {
			w.made.Add(1)
			p.Done(time.Now())
		}
	})
	w.stop = func() {
		cancel()
		done.Wait()
	}
	t.Cleanup(w.stop)
	return w
}

// goesOn waits for more calls.
func (w *worker) goesOn(t *testing.T) {
	t.Helper()
	from := w.made.Load()
	if !assert.Eventually(t, func() bool { return w.made.Load() > from+2 }, 30*time.Second, 5*time.Millisecond) {
		t.Fatalf("no call leaves, it waits for %s, %+v, %v", w.Cause(), w.Usage(), w.Fault())
	}
}

func pacedLimits(endpoint string, changes ...func(*RedisConfig)) Limits {
	limits := badLimits(endpoint, changes...)
	limits.RateLimit = &RateLimitConfig{CallsPerSecond: 20, Burst: 5}
	return limits
}

// TestRedisTrouble_HoldsCallsAndPasses has two processes work while something happens to their server.
func TestRedisTrouble_HoldsCallsAndPasses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args    []string
		happens func(t *testing.T, s *redisServer) (ends func())
		fault   string // "" when none need be noticed
		lost    bool   // what was sent is not known, and calls wait for a window
	}{
		"its scripts are forgotten":                                      {happens: done("SCRIPT", "FLUSH")},
		"its connections are ended":                                      {happens: done("CLIENT", "KILL", "TYPE", "normal")},
		"its memory is full":                                             {happens: set("maxmemory", 1, 0)},
		"it evicts who has asked":                                        {happens: done("DEL", redisKey("seen"))},
		"it evicts who waits":                                            {happens: done("DEL", redisKey("hungry"))},
		"it evicts the account":                                          {happens: done("DEL", redisKey("account")), lost: true},
		"it evicts the calls":                                            {happens: done("DEL", redisKey("calls")), lost: true},
		"it evicts everything":                                           {happens: done("FLUSHALL"), lost: true},
		"it misses its replicas":                                         {happens: set("min-replicas-to-write", 1, 0), fault: "NOREPLICAS Not enough good replicas to write; the server has fewer replicas"},
		"it sleeps for a second":                                         {args: []string{"--enable-debug-command", "yes"}, happens: done("DEBUG", "SLEEP", "1.2"), fault: "no answer within 500ms"},
		"another program writes a text in place of the account":          {happens: overwritten("account"), fault: "WRONGTYPE", lost: true},
		"another program writes a text in place of the calls":            {happens: overwritten("calls"), fault: "WRONGTYPE", lost: true},
		"another program writes a text in place of those who have asked": {happens: overwritten("seen"), fault: "WRONGTYPE"},
		"it hangs": {
			happens: func(t *testing.T, s *redisServer) func() {
				assert.NoError(t, s.cmd.Process.Signal(syscall.SIGSTOP))
				return func() { assert.NoError(t, s.cmd.Process.Signal(syscall.SIGCONT)) }
			},
			fault: "no answer within 500ms",
		},
		"it runs another script": {
			args: []string{"--busy-reply-threshold", "10"},
			happens: func(t *testing.T, s *redisServer) func() {
				client := redis.NewClient(&redis.Options{Addr: s.endpoint(), ReadTimeout: time.Minute, DisableIdentity: true, MaxRetries: -1})
				var busy sync.WaitGroup
				busy.Go(func() { client.Do(context.Background(), "EVAL", "while true do end", 0) })
				return func() {
					do(t, s, "SCRIPT", "KILL")
					busy.Wait()
					assert.NoError(t, client.Close())
				}
			},
			fault: "BUSY Redis is busy running a script; the server runs another script for too long",
		},
		"it becomes a replica, and the master again": {
			happens: func(t *testing.T, s *redisServer) func() {
				do(t, s, "REPLICAOF", "127.0.0.1", freePort(t))
				return func() { do(t, s, "REPLICAOF", "NO", "ONE") }
			},
			fault: "READONLY You can't write against a read only replica; the server is a replica",
		},
		"it wants a password from now on": {
			happens: alone(func(t *testing.T, admin *redis.Conn) func() {
				assert.NoError(t, admin.ConfigSet(context.Background(), "requirepass", secret).Err())
				return func() { assert.NoError(t, admin.ConfigSet(context.Background(), "requirepass", "").Err()) }
			}),
			fault: "the server wants a password, give username and password",
		},
		"it has no room for another connection": {
			happens: alone(func(t *testing.T, admin *redis.Conn) func() {
				assert.NoError(t, admin.ConfigSet(context.Background(), "maxclients", "1").Err())
				return func() { assert.NoError(t, admin.ConfigSet(context.Background(), "maxclients", "100").Err()) }
			}),
			fault: "cannot be asked: ",
		},
		"it is killed and knows nothing": {happens: killed, fault: "cannot be asked: ", lost: true},
		"it is killed and knows what it knew": {
			args: []string{"--appendonly", "yes", "--appendfsync", "always"}, happens: killed, fault: "cannot be asked: ",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startRedis(t, tt.args...)
			limits := pacedLimits(s.endpoint())
			first, second := work(t, mustUse(t, limits)), work(t, mustUse(t, limits))
			first.goesOn(t)
			second.goesOn(t)
			ends := tt.happens(t, s)
			if tt.fault != "" {
				first.fails(t, tt.fault)
				second.fails(t, tt.fault)
			}
			ends()
			if tt.lost {
				require.Eventually(t, func() bool { return first.Cause() == Window && second.Cause() == Window },
					30*time.Second, 5*time.Millisecond, "%s, %v", first.Cause(), first.Fault())
				used := first.Usage().Used
				assert.GreaterOrEqual(t, used, 500, "what was sent is not known, so all may have been")
			} else {
				first.recovers(t)
				first.goesOn(t)
				second.goesOn(t)
			}
			first.stop()
			second.stop()
			require.Eventually(t, func() bool { return first.Fault() == nil && second.Fault() == nil }, 30*time.Second, 5*time.Millisecond)
			assert.LessOrEqual(t, int(first.made.Load()+second.made.Load()), mustUse(t, limits).Usage().Used, "each call is counted")
		})
	}
}

// done is what is over at once.
func done(command ...any) func(*testing.T, *redisServer) func() {
	return func(t *testing.T, s *redisServer) func() {
		do(t, s, command...)
		return func() {}
	}
}

func set(name string, value, former any) func(*testing.T, *redisServer) func() {
	return func(t *testing.T, s *redisServer) func() {
		do(t, s, "CONFIG", "SET", name, value)
		return func() { do(t, s, "CONFIG", "SET", name, former) }
	}
}

func overwritten(key string) func(*testing.T, *redisServer) func() {
	return func(t *testing.T, s *redisServer) func() {
		do(t, s, "SET", redisKey(key), secret)
		return func() { do(t, s, "DEL", redisKey(key)) }
	}
}

func killed(_ *testing.T, s *redisServer) func() {
	s.kill()
	return s.start
}

// alone ends all connections but the one that changes something.
func alone(change func(*testing.T, *redis.Conn) func()) func(*testing.T, *redisServer) func() {
	return func(t *testing.T, s *redisServer) func() {
		client := s.client()
		admin := client.Conn()
		restore := change(t, admin)
		assert.NoError(t, admin.Do(context.Background(), "CLIENT", "KILL", "TYPE", "normal").Err())
		return func() {
			restore()
			assert.NoError(t, admin.Close())
			assert.NoError(t, client.Close())
		}
	}
}
