// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/redisserver"
)

// keepsAll are arguments of a Redis that writes each second what it was told.
var keepsAll = []string{"--appendonly", "yes", "--appendfsync", "everysec"}

// redisServer is a real Redis of a test's own, with a disk of its own.
type redisServer struct {
	program, dir string
	port         int
	args         []string
	cmd          *exec.Cmd
}

// startRedis starts one that ends with the test. Without arguments it keeps nothing over a restart.
func startRedis(t *testing.T, args ...string) *redisServer {
	t.Helper()
	s := &redisServer{program: redisserver.Program(t), dir: t.TempDir(), port: freePort(t), args: args}
	s.start(t)
	t.Cleanup(func() { s.kill(t) })
	return s
}

func (s *redisServer) start(t *testing.T) {
	t.Helper()
	args := append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(s.port), "--dir", s.dir, "--save", ""}, s.args...)
	s.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), s.program, args...) //nolint:gosec // Debian's
	require.NoError(t, s.cmd.Start())
	require.Eventually(t, func() bool {
		said, err := s.ask("PING")
		return err == nil && said == "PONG"
	}, patience, tick, "Redis does not answer")
}

// kill ends it without a warning, as a crash does.
func (s *redisServer) kill(t *testing.T) {
	t.Helper()
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

func (s *redisServer) endpoint() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// field returns a field of the account of single updates.
func (s *redisServer) field(t *testing.T, name string) string {
	t.Helper()
	keys, err := s.ask("KEYS *}:account")
	require.NoError(t, err)
	value, err := s.ask("HGET " + keys + " " + name)
	require.NoError(t, err)
	return value
}

// ask returns what Redis answers to a command on a line: a word, a number, a text, or the only one of a list.
func (s *redisServer) ask(command string) (string, error) {
	conn, err := net.DialTimeout("tcp", s.endpoint(), patience) //nolint:noctx // a loopback address of this test
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		return "", err
	}
	answer := bufio.NewReader(conn)
	for {
		line, err := answer.ReadString('\n')
		if err != nil {
			return "", err
		}
		line = strings.TrimSpace(line)
		switch {
		case line == "*1" || line != "" && line[0] == '$' && line != "$-1":
			continue // what follows is the text
		case line != "" && (line[0] == '+' || line[0] == ':'):
			return line[1:], nil
		case line != "" && strings.ContainsRune("-*$", rune(line[0])):
			return "", fmt.Errorf("redis answers %s to %s", line, command)
		}
		return line, nil
	}
}
