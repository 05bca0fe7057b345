// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Ports below those that systems give to connections, and to listeners who ask for any: what
// a collector leaves when it is killed would be given away before it is started again.
const firstPort, lastPort = 20_000, 32_766

// freePort returns a port that is the test's own to its end. A listener on the next one keeps it
// from other tests, also from those of another process.
func freePort(t *testing.T) int {
	t.Helper()
	for range 1000 {
		port := firstPort + 2*rand.IntN((lastPort-firstPort)/2)
		keeper, err := listen(port + 1)
		if err != nil {
			continue
		}
		if free(port) {
			t.Cleanup(func() { _ = keeper.Close() })
			return port
		}
		_ = keeper.Close()
	}
	require.Fail(t, "no port is free")
	return 0
}

func listen(port int) (net.Listener, error) {
	return new(net.ListenConfig).Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
}

// free reports whether nobody listens at a port.
func free(port int) bool {
	l, err := listen(port)
	if err != nil {
		return false
	}
	return l.Close() == nil
}

func TestAPortIsTheTestsOwnAlsoWhileNobodyListensThere(t *testing.T) {
	taken := map[int]bool{}
	for range 300 {
		port := freePort(t)
		assert.False(t, taken[port], "it was given away before")
		assert.True(t, free(port))
		taken[port] = true
	}
	for range 300 { // as other programs do
		l, err := listen(0)
		require.NoError(t, err)
		defer l.Close()
		assert.False(t, taken[l.Addr().(*net.TCPAddr).Port])
	}
}
