// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"net"
	"net/http"
	"sync"
)

// connections counts what an http.Server tells of its connections.
type connections struct {
	mu           sync.Mutex
	opened, open int
}

// ConnState is for http.Server.ConnState, where the emulator learns of connections. A hijacked connection, which is how a
// reset is made, is counted as closed.
func (e *Emulator) ConnState(_ net.Conn, state http.ConnState) {
	c := &e.connections
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.opened++
		c.open++
	case http.StateHijacked, http.StateClosed:
		c.open--
	case http.StateActive, http.StateIdle:
	}
}

// reset keeps the connections that are open, as opened since.
func (c *connections) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened = c.open
}

func (c *connections) openedCount() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opened
}

func (c *connections) openCount() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open
}
