// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// relay passes connections on to a server, and later ones to another one.
type relay struct {
	to       atomic.Pointer[string]
	listener net.Listener
	mu       sync.Mutex
	conns    []net.Conn
}

func startRelay(t *testing.T, to string) *relay {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &relay{listener: l}
	r.to.Store(&to)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			onward, err := net.Dial("tcp", *r.to.Load())
			if err != nil {
				_ = from.Close()
				continue
			}
			r.mu.Lock()
			r.conns = append(r.conns, from, onward)
			r.mu.Unlock()
			running.Go(func() { _, _ = io.Copy(onward, from); _ = onward.Close() })
			running.Go(func() { _, _ = io.Copy(from, onward); _ = from.Close() })
		}
	})
	t.Cleanup(func() {
		assert.NoError(t, l.Close())
		r.end()
		running.Wait()
	})
	return r
}

func (r *relay) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, conn := range r.conns {
		_ = conn.Close()
	}
	r.conns = nil
}

func (r *relay) turn(to string) {
	r.to.Store(&to)
	r.end()
}

func (s *redisServer) follows(master *redisServer) {
	do(s.t, s, "REPLICAOF", "127.0.0.1", master.port)
	client := s.client()
	defer func() { require.NoError(s.t, client.Close()) }()
	require.Eventually(s.t, func() bool {
		return strings.Contains(client.Info(context.Background(), "replication").Val(), "master_link_status:up")
	}, 30*time.Second, 5*time.Millisecond)
}

// used is what the server has counted.
func (s *redisServer) used(t *testing.T) int {
	client := s.client()
	defer func() { assert.NoError(t, client.Close()) }()
	n, _ := client.HGet(context.Background(), redisKey("account"), "used").Int()
	return n
}

func TestRedisFailover_CountsWhatTheReplicaHasNotHeardOf(t *testing.T) {
	t.Parallel()
	for name, pace := range map[string]*RateLimitConfig{"without a pace": nil, "with a pace": {CallsPerSecond: 20, Burst: 5}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			master, replica := startRedis(t), startRedis(t)
			way := startRelay(t, master.endpoint())
			limits := badLimits(way.listener.Addr().String())
			limits.Quota.Calls, limits.RateLimit = 60, pace
			p := mustUse(t, limits)
			p.leaves(t)
			replica.follows(master)
			made := 1
			do(t, replica, "REPLICAOF", "NO", "ONE") // and the master goes on
			known := replica.used(t)
			if pace == nil {
				made += p.makeAll(t)
			} else {
				for range 20 {
					p.leaves(t)
				}
				made += 20
			}
			require.Eventually(t, func() bool { return master.used(t) > known }, 30*time.Second, 5*time.Millisecond)
			way.turn(replica.endpoint())
			fresh := mustUse(t, limits)
			assert.GreaterOrEqual(t, fresh.Usage().Used, made, "a process that knows nothing of what was before")
			made += fresh.makeAll(t) + p.makeAll(t)
			assert.LessOrEqual(t, made, 60)
			p.recovers(t)
		})
	}
}

func TestRedisSentinel_FollowsTheMaster(t *testing.T) {
	t.Parallel()
	master, replica := startRedis(t), startRedis(t)
	replica.follows(master)
	sentinel := startSentinel(t, master)
	limits := pacedLimits(sentinel.endpoint(), func(c *RedisConfig) { c.SentinelMaster = "fleet" })
	w := work(t, mustUse(t, limits))
	w.goesOn(t)
	require.Eventually(t, func() bool { return replica.used(t) > 0 }, 30*time.Second, 5*time.Millisecond)
	client := sentinel.client()
	defer func() { require.NoError(t, client.Close()) }()
	require.Eventually(t, func() bool { return client.Do(context.Background(), "SENTINEL", "FAILOVER", "fleet").Err() == nil },
		30*time.Second, 50*time.Millisecond)
	require.Eventually(t, func() bool {
		addr, _ := client.Do(context.Background(), "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "fleet").StringSlice()
		return len(addr) == 2 && addr[1] == strconv.Itoa(replica.port)
	}, 30*time.Second, 20*time.Millisecond)
	master.kill()
	w.recovers(t)
	w.goesOn(t)
	w.stop()
	assert.LessOrEqual(t, int(w.made.Load()), mustUse(t, limits).Usage().Used)
}

func startSentinel(t *testing.T, master *redisServer) *redisServer {
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	require.NoError(t, os.WriteFile(file, []byte(fmt.Sprintf("sentinel monitor fleet 127.0.0.1 %d 1\n"+
		"sentinel down-after-milliseconds fleet 1000\nsentinel failover-timeout fleet 5000\n", master.port)), 0o600))
	s := &redisServer{t: t, dir: t.TempDir(), port: freePort(t), file: file, args: []string{"--sentinel"}}
	s.start()
	t.Cleanup(s.kill)
	client := s.client()
	defer func() { require.NoError(t, client.Close()) }()
	require.Eventually(t, func() bool {
		replicas, _ := client.Do(context.Background(), "SENTINEL", "REPLICAS", "fleet").Slice()
		return len(replicas) == 1
	}, 30*time.Second, 50*time.Millisecond, "the sentinel hears of the replica")
	return s
}

func TestRedisSentinel_ThatIsNotOneIsSaid(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		sentinel bool
		master   string
		want     string
	}{
		"a sentinel that is called as a server": {true, "", "where it is a sentinel set sentinel_master, and nowhere else"},
		"a sentinel that does not watch it":     {true, "another", "the endpoint must be a sentinel that watches sentinel_master"},
		"a server that is called as a sentinel": {false, "fleet", "the endpoint must be a sentinel that watches sentinel_master"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			master, replica := startRedis(t), startRedis(t)
			endpoint := master.endpoint()
			if tt.sentinel {
				replica.follows(master)
				endpoint = startSentinel(t, master).endpoint()
			}
			p, err := useRedis(t, badLimits(endpoint, func(c *RedisConfig) { c.SentinelMaster = tt.master }))
			if err != nil {
				require.ErrorIs(t, err, errRefused)
			} else {
				err = p.Fault()
				require.Error(t, err)
			}
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

// startCluster starts three masters, and a replica of the one that has the account.
func startCluster(t *testing.T) (nodes []*redisServer, owner, replica *redisServer) {
	for range 4 {
		nodes = append(nodes, startRedis(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-replica-validity-factor", "0"))
	}
	for i, bounds := range [][2]int{{0, 5460}, {5461, 10922}, {10923, 16383}} {
		do(t, nodes[i], "CLUSTER", "ADDSLOTSRANGE", bounds[0], bounds[1])
		do(t, nodes[i], "CLUSTER", "SET-CONFIG-EPOCH", i+1)
	}
	client := nodes[0].client()
	defer func() { require.NoError(t, client.Close()) }()
	slot := client.ClusterKeySlot(t.Context(), redisKey("account")).Val()
	owner, replica = nodes[min(slot/5461, 2)], nodes[3]
	for _, node := range nodes[1:] {
		do(t, node, "CLUSTER", "MEET", "127.0.0.1", nodes[0].port)
	}
	for _, node := range nodes {
		ok(t, node)
	}
	id := func(s *redisServer) string {
		client := s.client()
		defer func() { require.NoError(t, client.Close()) }()
		return client.Do(context.Background(), "CLUSTER", "MYID").String()
	}
	master := strings.TrimPrefix(id(owner), "CLUSTER MYID: ")
	of := replica.client()
	defer func() { require.NoError(t, of.Close()) }()
	require.Eventually(t, func() bool { return of.ClusterReplicate(context.Background(), master).Err() == nil }, 30*time.Second, 20*time.Millisecond)
	require.Eventually(t, func() bool {
		return strings.Contains(of.Info(context.Background(), "replication").Val(), "master_link_status:up")
	}, 30*time.Second, 20*time.Millisecond)
	return nodes, owner, replica
}

func TestRedisCluster_IsFollowed(t *testing.T) {
	t.Parallel()
	nodes, owner, replica := startCluster(t)
	for _, node := range nodes[:3] { // each of them knows the others
		mustUse(t, badLimits(node.endpoint(), func(c *RedisConfig) { c.Cluster, c.Prefix = true, "other" })).leaves(t)
	}
	other := nodes[0]
	if other == owner {
		other = nodes[1]
	}
	limits := pacedLimits(other.endpoint(), func(c *RedisConfig) { c.Cluster = true })
	w := work(t, mustUse(t, limits))
	w.goesOn(t)
	do(t, replica, "CLUSTER", "FAILOVER")
	require.Eventually(t, func() bool { return replica.isMaster() }, 30*time.Second, 20*time.Millisecond)
	w.goesOn(t)
	owner.kill()
	w.goesOn(t)
	replica.kill()
	w.fails(t, "cannot be asked: ")
	replica.start()
	w.stop()
	w.recovers(t)
	assert.LessOrEqual(t, int(w.made.Load()), mustUse(t, limits).Usage().Used)
}

func (s *redisServer) isMaster() bool {
	client := s.client()
	defer func() { _ = client.Close() }()
	return strings.Contains(client.Info(context.Background(), "replication").Val(), "role:master")
}
