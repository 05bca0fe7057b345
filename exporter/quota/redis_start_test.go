// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.uber.org/zap"
)

const secret = "hunter2-secret"

// badLimits are of a quota that is not reached, with the shortest lease.
func badLimits(endpoint string, changes ...func(*RedisConfig)) Limits {
	cfg := NewDefaultRedisConfig()
	cfg.Endpoint, cfg.ColdStart, cfg.Lease.Duration = endpoint, Allow, MinLease
	for _, change := range changes {
		change(&cfg)
	}
	return Limits{Quota: WindowConfig{Calls: 500, Window: time.Hour, Redis: cfg}, Timeout: 100 * time.Millisecond}
}

// sharer is one that shares an account.
type sharer struct {
	*Account
	Registry
}

// useRedis starts a process that uses the account until the end of the test, and returns why it does not start.
func useRedis(t *testing.T, limits Limits) (*sharer, error) {
	t.Helper()
	p := &sharer{}
	account, cold, release, err := p.Use(t.Context(), nil, acme, limits, zap.NewNop())
	if err != nil {
		return nil, err
	}
	assert.False(t, cold, "the account is kept")
	p.Account = account
	t.Cleanup(func() { assert.NoError(t, release(context.Background())) })
	return p, nil
}

func mustUse(t *testing.T, limits Limits) *sharer {
	t.Helper()
	p, err := useRedis(t, limits)
	require.NoError(t, err)
	return p
}

// leaves makes a call as soon as one may leave.
func (p *sharer) leaves(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	require.NoError(t, p.Wait(ctx, &Waits{}), "no call leaves: %v", p.Fault())
	p.Done(time.Now())
}

// holds reports that no call leaves.
func (p *sharer) holds(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, p.Wait(ctx, &Waits{}), context.DeadlineExceeded)
}

// fails waits for a fault that says so.
func (p *sharer) fails(t *testing.T, want string) {
	t.Helper()
	var last error
	if !assert.Eventually(t, func() bool {
		if err := p.Fault(); err != nil {
			last = err
		}
		return last != nil && strings.Contains(last.Error(), want)
	}, 30*time.Second, 5*time.Millisecond) {
		t.Fatalf("not %q but %v", want, last)
	}
	assert.NotContains(t, last.Error(), secret)
}

func (p *sharer) recovers(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return p.Fault() == nil }, 30*time.Second, 5*time.Millisecond)
}

// redisKey is the name of a key of the account.
func redisKey(name string) string {
	return strings.TrimSuffix(NewDefaultRedisConfig().keys(acme, "")[0], "account") + name
}

func do(tb testing.TB, s *redisServer, args ...any) {
	tb.Helper()
	client := s.client()
	defer func() { require.NoError(tb, client.Close()) }()
	require.NoError(tb, client.Do(context.Background(), args...).Err())
}

// prepared is a server to which that was done before.
func prepared(commands ...[]any) func(*testing.T) string {
	return func(t *testing.T) string {
		s := startRedis(t)
		for _, args := range commands {
			do(t, s, args...)
		}
		return s.endpoint()
	}
}

func started(args ...string) func(*testing.T) string {
	return func(t *testing.T) string { return startRedis(t, args...).endpoint() }
}

func user(name string) func(*RedisConfig) {
	return func(c *RedisConfig) { c.Username, c.Password = name, secret }
}

func aclUser(rules ...any) []any {
	return append([]any{"ACL", "SETUSER", "collector", "on", ">" + secret, "resetkeys", "-@all"}, rules...)
}

func allRights(but ...string) []any {
	rules := []any{"~{adobe_target:*"}
	for right := range strings.FieldsSeq(rights) {
		if !slices.Contains(but, right) {
			rules = append(rules, right)
		}
	}
	return rules
}

// answering is a server of that one answer.
func answering(answer string) func(*testing.T) string {
	return func(t *testing.T) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, l.Close()) })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer func() { _ = conn.Close() }()
					lines := bufio.NewReader(conn)
					for {
						line, err := lines.ReadString('\n')
						if err != nil {
							return
						}
						if answer != "" && strings.HasPrefix(line, "*") {
							_, _ = fmt.Fprintf(conn, "%s\r\n", answer)
						}
					}
				}()
			}
		}()
		return l.Addr().String()
	}
}

func website(t *testing.T) string {
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func closedPort(t *testing.T) string { return fmt.Sprintf("127.0.0.1:%d", freePort(t)) }

func TestRedisStart_IsRefusedWhereWaitingDoesNotHelp(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		server func(*testing.T) string
		change func(*RedisConfig)
		want   string
	}{
		"a wrong password": {
			started("--requirepass", "other"), func(c *RedisConfig) { c.Password = secret },
			"WRONGPASS invalid username-password pair or user is disabled; give the server's username and password",
		},
		"a user that the server does not know": {
			started("--requirepass", secret), user("nobody"), "WRONGPASS invalid username-password pair or user is disabled; give",
		},
		"no password where one is wanted": {
			started("--requirepass", secret), nil, "the server wants a password, give username and password",
		},
		"a password where none is wanted, at an old server": {
			answering("-ERR Client sent AUTH, but no password is set"), func(c *RedisConfig) { c.Password = secret },
			"ERR Client sent AUTH, but no password is set; the server has no password, remove username and password",
		},
		"a user who may not run scripts": {
			prepared(aclUser("~*", "+@hash")), user("collector"), "the ACL user needs +evalsha +eval +time",
		},
		"a user who may not use the keys": {
			prepared(aclUser("~other:*", "+@all")), user("collector"), "on the keys that begin with a brace and the prefix",
		},
		"a user who may not ask which run of the server it is": {
			prepared(aclUser(allRights("+info")...)), user("collector"), "+info",
		},
		"a text under the key of the account": {
			prepared([]any{"SET", redisKey("account"), secret}), nil, "WRONGTYPE Operation against a key holding the wrong kind of value",
		},
		"a list under the key of the calls": {
			prepared([]any{"RPUSH", redisKey("calls"), secret}), nil, "a key of the prefix holds something else, choose another prefix",
		},
		"a set under the key of the processes": {
			prepared([]any{"SADD", redisKey("seen"), secret}), nil, "WRONGTYPE",
		},
		"a hash under the key of the processes that are short of calls": {
			prepared([]any{"HSET", redisKey("hungry"), secret, 1}), nil, "WRONGTYPE",
		},
		"another version's account": {
			prepared([]any{"HSET", redisKey("account"), "format", "2"}), nil,
			`it has format "2", this version knows 1; let all processes be of one version, or choose another prefix`,
		},
		"another program's fields under the key of the account": {
			prepared([]any{"HSET", redisKey("account"), secret, secret}), nil, `it has format "none", this version knows 1`,
		},
		"an account of which nothing but the version is there": {
			prepared([]any{"HSET", redisKey("account"), "format", "1"}), nil, "a key of the prefix holds what this exporter did not write, choose another prefix",
		},
		"a node of a cluster, called as a server": {
			startClusterNode, nil, "set cluster: true",
		},
		"a database of a node of a cluster": {
			startClusterNode, func(c *RedisConfig) { c.DB = 1 }, "the server is a node of a cluster, set cluster: true and remove db",
		},
		"a server, called as a node of a cluster": {
			started(), func(c *RedisConfig) { c.Cluster = true }, "the server is no node of a cluster, remove cluster",
		},
		"a database that there is not": {
			started(), func(c *RedisConfig) { c.DB = 99 }, "ERR DB index is out of range; choose a lower db",
		},
		"a server that knows no scripts": {
			answering("-ERR unknown command 'evalsha', with args beginning with: '{adobe_target:" + secret + "'"), nil,
			"ERR unknown command 'evalsha'; the endpoint must be a Redis server that runs scripts",
		},
		"a server that only listens to its own machine": {
			answering("-DENIED Redis is running in protected mode because no password is set for the default user. In this mode " + secret), nil,
			"DENIED Redis is running in protected mode because no password is set for the default user; set a password",
		},
		"a web server":                      {website, nil, "its answer cannot be read; what answers there is no Redis server"},
		"a server of another language":      {answering("220 mail.example ESMTP " + secret), nil, "its answer cannot be read; what answers there is no Redis server"},
		"a server that answers with a text": {answering("+OK " + secret), nil, "what answers there is no Redis server"},
		"a server that answers with a list of something": {
			answering("*1\r\n$7\r\nstrange"), nil, "its answer cannot be read; what answers there is no Redis server",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limits := badLimits(tt.server(t))
			if tt.change != nil {
				tt.change(&limits.Quota.Redis)
			}
			_, err := useRedis(t, limits)
			require.ErrorIs(t, err, errRefused)
			require.ErrorContains(t, err, "quota::redis: ")
			require.ErrorContains(t, err, tt.want)
			assert.NotContains(t, err.Error(), secret)
		})
	}
}

// startClusterNode is one that owns no slot, and knows of a node that owns them all.
func startClusterNode(t *testing.T) string {
	owner, other := startRedis(t, "--cluster-enabled", "yes"), startRedis(t, "--cluster-enabled", "yes")
	do(t, owner, "CLUSTER", "ADDSLOTSRANGE", 0, 16383)
	do(t, other, "CLUSTER", "MEET", "127.0.0.1", owner.port)
	ok(t, other)
	return other.endpoint()
}

// ok waits until the cluster works.
func ok(t *testing.T, node *redisServer) {
	t.Helper()
	client := node.client()
	defer func() { require.NoError(t, client.Close()) }()
	require.Eventually(t, func() bool {
		return strings.Contains(client.ClusterInfo(context.Background()).Val(), "cluster_state:ok")
	}, 30*time.Second, 20*time.Millisecond)
}

func TestRedisStart_WaitsWhereItMayPass(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		server func(*testing.T) string
		change func(*RedisConfig)
		want   string
	}{
		"nothing listens there": {closedPort, nil, "cannot be asked: dial tcp 127.0.0.1:"},
		"a name that does not resolve": {
			func(*testing.T) string { return "redis.invalid:6379" }, nil, "redis.invalid:6379 cannot be asked: ",
		},
		"an IPv6 address where nothing listens": {
			func(t *testing.T) string { return fmt.Sprintf("[::1]:%d", freePort(t)) }, nil, "[::1]:",
		},
		"a server that accepts and never answers": {answering(""), nil, "cannot be asked: no answer within 500ms"},
		"a server that reads its disk": {
			answering("-LOADING Redis is loading the dataset in memory"), nil,
			"LOADING Redis is loading the dataset in memory; the server still reads what it has stored",
		},
		"a server that runs another script": {
			answering("-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."), nil,
			"BUSY Redis is busy running a script; the server runs another script for too long",
		},
		"a server that cannot write its disk": {
			answering("-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."), nil,
			"the server cannot write its disk, see its log",
		},
		"a server of full memory": {
			answering("-OOM command not allowed when used memory > 'maxmemory'."), nil, "the server's memory is full, raise maxmemory",
		},
		"a server without its replicas": {
			started("--min-replicas-to-write", "1"), nil, "NOREPLICAS Not enough good replicas to write; the server has fewer replicas",
		},
		"a server that has no room for another connection": {
			answering("-ERR max number of clients reached"), nil, "the server has no room for another connection, raise its maxclients",
		},
		"a replica": {
			func(t *testing.T) string {
				return startRedis(t, "--replicaof", "127.0.0.1 "+strconv.Itoa(startRedis(t).port)).endpoint()
			}, nil, "the server is a replica: unless it is just being promoted, set endpoint to the master, or sentinel_master or cluster",
		},
		"a cluster without a master for the account": {
			started("--cluster-enabled", "yes"), func(c *RedisConfig) { c.Cluster = true }, "the cluster has no master for the account, see cluster info",
		},
		"TLS where the server speaks none": {
			started(), func(c *RedisConfig) { c.TLS = configoptional.Some(configtls.ClientConfig{}) },
			"no answer within 500ms; remove tls if the port is not for TLS",
		},
		"an error that nobody knows": {answering("-STRANGE times"), nil, "cannot be asked: STRANGE times"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limits := badLimits(tt.server(t))
			if tt.change != nil {
				tt.change(&limits.Quota.Redis)
			}
			p := mustUse(t, limits)
			p.fails(t, tt.want)
			assert.Equal(t, Lease, p.Cause())
			p.holds(t)
		})
	}
}

func TestRedisStart_TakesWhatIsSetUpWell(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		server func(*testing.T) string
		change func(*RedisConfig)
	}{
		"the password of the server":      {started("--requirepass", secret), func(c *RedisConfig) { c.Password = secret }},
		"a password where none is wanted": {started(), func(c *RedisConfig) { c.Password = secret }},
		"a user of the fewest rights":     {prepared(aclUser(allRights()...)), user("collector")},
		"a user of the fewest rights, of a database": {
			prepared(aclUser(append(allRights(), "+select")...)), func(c *RedisConfig) { user("collector")(c); c.DB = 3 },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limits := badLimits(tt.server(t))
			if tt.change != nil {
				tt.change(&limits.Quota.Redis)
			}
			mustUse(t, limits).leaves(t)
		})
	}
}

// An exporter that starts again with a new lease does not report the calls of the former one.
func TestRedisStart_AgainLeavesOutCallsThatAreStillUnderWay(t *testing.T) {
	t.Parallel()
	limits := badLimits(startRedis(t).endpoint())
	limits.Timeout = time.Hour
	var r Registry
	account, _, release, err := r.Use(t.Context(), nil, acme, limits, zap.NewNop())
	require.NoError(t, err)
	require.NoError(t, account.Wait(t.Context(), &Waits{}))
	require.NoError(t, release(t.Context()))
	account, _, release, err = r.Use(t.Context(), nil, acme, limits, zap.NewNop())
	require.NoError(t, err)
	require.NoError(t, account.Wait(t.Context(), &Waits{}))
	account.Done(time.Now()) // the first one
	require.NoError(t, release(t.Context()))
	s := redis.NewClient(&redis.Options{Addr: limits.Quota.Redis.Endpoint, DisableIdentity: true})
	defer func() { require.NoError(t, s.Close()) }()
	keys, err := s.Keys(t.Context(), redisKey("lease:*")).Result()
	require.NoError(t, err)
	require.Len(t, keys, 2)
	for _, key := range keys {
		assert.Equal(t, "1", s.HGet(t.Context(), key, "held").Val(), "each of them has a call under way")
	}
}

func TestRedisRights_AreThoseThatTheScriptUses(t *testing.T) {
	t.Parallel()
	want := []string{"+eval", "+evalsha"}
	for _, call := range regexp.MustCompile(`redis\.call\('(\w+)'`).FindAllStringSubmatch(leaseText, -1) {
		want = append(want, "+"+strings.ToLower(call[1]))
	}
	slices.Sort(want)
	got := strings.Fields(rights)
	slices.Sort(got)
	assert.Equal(t, slices.Compact(want), got)
}

// A user who lacks a right fails in the middle of the script, which takes nothing back: whatever is left
// half done must not count less.
func TestRedisRights_OneThatIsMissingForgetsNoCall(t *testing.T) {
	t.Parallel()
	for _, right := range []string{"+hset", "+hincrby", "+hdel", "+del", "+pexpire", "+zadd", "+zrem", "+zrange"} {
		t.Run(right, func(t *testing.T) {
			t.Parallel()
			s := startRedis(t)
			do(t, s, aclUser(allRights(right)...)...)
			limits := badLimits(s.endpoint())
			limits.Quota.Calls = 10
			first := mustUse(t, limits)
			for range 8 {
				first.leaves(t)
			}
			limits.Quota.Redis.Username, limits.Quota.Redis.Password = "collector", configopaque.String(secret)
			made := 8
			second, err := useRedis(t, limits)
			if err != nil {
				require.ErrorIs(t, err, errRefused)
				assert.NotContains(t, err.Error(), secret)
			} else {
				made += second.makeAll(t)
			}
			limits.Quota.Redis.Username, limits.Quota.Redis.Password = "", ""
			third := mustUse(t, limits)
			made += third.makeAll(t) + first.makeAll(t)
			assert.LessOrEqual(t, made, 10)
		})
	}
}

// makeAll makes calls until none may leave, and returns how many.
func (p *sharer) makeAll(t *testing.T) int {
	t.Helper()
	for n := 0; ; n++ {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		err := p.Wait(ctx, &Waits{})
		cancel()
		if err != nil {
			return n
		}
		p.Done(time.Now())
	}
}
