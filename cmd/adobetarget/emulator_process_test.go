// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

// ended is a context that is over, for runs that should not last.
func ended(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// process is the command as users run it.
type process struct {
	command *exec.Cmd
	address string
	stderr  bytes.Buffer
}

// built returns the command's binary.
func built(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "adobetarget")
	says, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput() //nolint:gosec // G204: the folder is the test's own
	require.NoError(t, err, string(says))
	return binary
}

func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	binary := built(t)
	p := &process{command: exec.CommandContext(t.Context(), binary, append([]string{"emulator", "--listen", "127.0.0.1:0"}, args...)...)} //nolint:gosec // G204: it was built a line above
	p.command.Stderr = &p.stderr
	stdout, err := p.command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.command.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	var listening bool
	p.address, listening = strings.CutPrefix(strings.TrimSuffix(line, "\n"), "listening on ")
	require.True(t, listening, line)
	return p
}

func updateRequest(t *testing.T, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/m2/acme/profile/update", strings.NewReader("mbox3rdPartyId=crm-1&profile.tier=gold"))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func do(t *testing.T, client *http.Client, r *http.Request) (status int, body string) {
	t.Helper()
	response, err := client.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

func newClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestTheProcessAnswersAndStopsWithItsState(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		t.Run(signal.String(), func(t *testing.T) {
			state := filepath.Join(t.TempDir(), "state.json")
			p := startProcess(t, "--state", state, "--token", "s3cret", "--sequence", "seq")
			r := updateRequest(t, p.address)
			r.Header.Set("Authorization", "Bearer s3cret")
			status, body := do(t, newClient(t), r)
			assert.Equal(t, http.StatusOK, status)
			assert.Contains(t, body, "<success>true</success>")

			require.NoError(t, p.command.Process.Signal(signal))
			require.NoError(t, p.command.Wait(), "it exits with 0")

			text, err := os.ReadFile(state) //nolint:gosec // G304: the folder is the test's own
			require.NoError(t, err)
			var stats emulator.Stats
			require.NoError(t, json.Unmarshal(text, &stats))
			assert.Equal(t, 1, stats.Accepted)
			assert.Equal(t, 1, stats.ConnectionsOpened)
			for _, secret := range []string{"crm-1", "gold", "s3cret"} {
				assert.NotContains(t, p.stderr.String(), secret)
			}
		})
	}
}

func TestTheProcessStopsAlthoughCallsHang(t *testing.T) {
	p := startProcess(t, "--fault", `{"kind":"hang"}`)
	client := newClient(t)
	hung := make(chan error, 1)
	r := updateRequest(t, p.address)
	go func() {
		response, err := client.Do(r)
		if err == nil {
			response.Body.Close()
		}
		hung <- err
	}()
	require.Eventually(t, func() bool {
		stats, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.address+"/_emulator/stats", http.NoBody)
		require.NoError(t, err)
		_, body := do(t, client, stats)
		return strings.Contains(body, `"faulted":1,`)
	}, time.Minute, 10*time.Millisecond)

	require.NoError(t, p.command.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.command.Wait())
	assert.Error(t, <-hung)
}

// announced passes on the first line that is written to it.
type announced chan string

func (a announced) Write(line []byte) (int, error) {
	a <- string(line)
	return len(line), nil
}

func TestItSpeaksHTTPS(t *testing.T) {
	certificate, key, pool := certificateFiles(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	stdout, code := make(announced, 1), make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"emulator", "--listen", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key}, nil, stdout, io.Discard)
	}()
	address := strings.TrimSuffix(strings.TrimPrefix(<-stdout, "listening on "), "\n")
	require.True(t, strings.HasPrefix(address, "https://"), address)

	client := newClient(t)
	client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	status, _ := do(t, client, updateRequest(t, address))
	assert.Equal(t, http.StatusOK, status)

	stop()
	assert.Equal(t, exitOK, <-code)
}

func certificateFiles(t *testing.T) (certificate, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	folder := t.TempDir()
	certificate, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	certificatePEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	require.NoError(t, os.WriteFile(certificate, certificatePEM, 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	pool = x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(certificatePEM))
	return certificate, key, pool
}
