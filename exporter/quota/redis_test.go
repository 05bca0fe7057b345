// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/redisserver"
)

// redisServer is a server of its own for a test, on a disk of its own.
type redisServer struct {
	t    testing.TB
	dir  string
	port int
	file string // of its configuration, "" for none
	args []string
	cmd  *exec.Cmd
}

// startRedis starts a server that ends with the test. Without arguments it keeps nothing over a restart.
func startRedis(tb testing.TB, args ...string) *redisServer {
	tb.Helper()
	s := &redisServer{t: tb, dir: tb.TempDir(), port: freePort(tb), args: args}
	s.start()
	tb.Cleanup(func() { s.kill() })
	return s
}

func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	defer func() { require.NoError(tb, l.Close()) }()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *redisServer) start() {
	s.t.Helper()
	args := append([]string{s.file, "--bind", "127.0.0.1", "--port", strconv.Itoa(s.port), "--dir", s.dir, "--save", ""}, s.args...)
	if s.file == "" {
		args = args[1:]
	}
	s.cmd = exec.CommandContext( //nolint:gosec // a program that the tests need
		context.WithoutCancel(s.t.Context()), redisserver.Program(s.t), args...)
	require.NoError(s.t, s.cmd.Start())
	client := s.client()
	defer func() { require.NoError(s.t, client.Close()) }()
	require.Eventually(s.t, func() bool { return client.Ping(context.Background()).Err() == nil || s.auth() }, 20*time.Second, 5*time.Millisecond)
}

// auth reports whether the server wants a password of who pings it.
func (s *redisServer) auth() bool {
	err := s.client().Ping(context.Background()).Err()
	return err != nil && redis.IsAuthError(err)
}

func (s *redisServer) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

func (s *redisServer) endpoint() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

func (s *redisServer) client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.endpoint(), DisableIdentity: true, MaxRetries: -1, Protocol: 2, ReadTimeout: time.Minute, WriteTimeout: time.Minute})
}
