// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/page"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	// shutdownTimeout is for calls that are being read or answered; those that hang or wait are ended at once.
	shutdownTimeout = 500 * time.Millisecond
)

// serve answers until the context ends, then writes the state.
func serve(ctx context.Context, e *emulator.Emulator, o emulatorOptions, stdout io.Writer, logger *slog.Logger) error {
	server := &http.Server{
		ConnState:         e.ConnState,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	start, scheme, err := protocol(server, o)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	loopback := isLoopback(listener.Addr())
	server.Handler = o.handler(e, loopback)
	if !loopback {
		logger.Warn("Whoever reaches this address can read and change all that the emulator holds. 127.0.0.1 keeps it to this machine")
	}
	fmt.Fprintf(stdout, "listening on %s://%s\n", scheme, listener.Addr())
	logger.Info("started", slog.String("address", listener.Addr().String()))

	ended := make(chan error, 1)
	go func() { ended <- start(listener) }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		shutDown(ctx, server, e)
		err = <-ended
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	stats := e.Stats()
	logger.Info("stopped", slog.Int("attempts", stats.Attempts), slog.Int("accepted", stats.Accepted))
	return errors.Join(err, writeState(o.state, stats))
}

// handler is the emulator, with the page in front of it unless that is not wanted.
func (o *emulatorOptions) handler(e *emulator.Emulator, loopback bool) http.Handler {
	if !o.page {
		return page.Guard(e, loopback)
	}
	return page.Guard(page.New(e), loopback)
}

func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// protocol prepares the server for http or https.
func protocol(server *http.Server, o emulatorOptions) (start func(net.Listener) error, scheme string, err error) {
	if o.tlsCert == "" {
		return server.Serve, "http", nil
	}
	certificate, err := tls.LoadX509KeyPair(o.tlsCert, o.tlsKey)
	if err != nil {
		return nil, "", fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	start = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	return start, "https", nil
}

func shutDown(ctx context.Context, server *http.Server, e *emulator.Emulator) {
	e.Close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		// What is left after the timeout is cut off; the listener is closed already.
		_ = server.Close()
	}
}

func writeState(path string, stats emulator.Stats) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(stats, "", "  ")
	if err != nil {
		return fmt.Errorf("--state: %w", err)
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("--state: %w", err)
	}
	return nil
}
