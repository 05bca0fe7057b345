// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheEmulatorServesItsPage(t *testing.T) {
	const warning = "Whoever reaches this address"
	for _, test := range []struct {
		name        string
		args        []string
		contentType string
		kept        int
		warns       bool
	}{
		{"with the newest calls", []string{"--listen", "127.0.0.1:0"}, "text/html; charset=utf-8", http.StatusOK, false},
		{"not where it is not wanted", []string{"--listen", "127.0.0.1:0", "--page=false"}, "text/plain; charset=utf-8", http.StatusNotFound, false},
		{"with a warning where others reach it", []string{"--listen", "0.0.0.0:0"}, "text/html; charset=utf-8", http.StatusOK, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var stderr bytes.Buffer
			stdout, code := make(announced, 1), make(chan int, 1)
			go func() { code <- run(ctx, append([]string{"emulator"}, test.args...), nil, stdout, &stderr) }()
			line := strings.TrimSpace(<-stdout)
			address := "http://127.0.0.1" + line[strings.LastIndex(line, ":"):]
			client := newClient(t)

			do(t, client, updateRequest(t, address))
			asked, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/", http.NoBody)
			require.NoError(t, err)
			asked.Header.Set("Accept", "text/html")
			response, err := client.Do(asked)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			assert.Equal(t, test.contentType, response.Header.Get("Content-Type"))

			call, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/_emulator/call?number=1", http.NoBody)
			require.NoError(t, err)
			status, _ := do(t, client, call)
			assert.Equal(t, test.kept, status)

			stop()
			assert.Equal(t, exitOK, <-code)
			assert.Equal(t, test.warns, strings.Contains(stderr.String(), warning))
		})
	}
}
