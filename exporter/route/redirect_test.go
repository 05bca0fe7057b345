// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRedirectsAreNeverFollowed(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		elsewhere.Add(1)
		_, _ = w.Write(usualAnswer)
	}))
	t.Cleanup(other.Close)

	for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308} {
		for way, cfg := range ways {
			for place, location := range map[string]string{
				"another host": other.URL + "/m2/acme/profile/update", "the same host": "/elsewhere", "no place": "",
			} {
				t.Run(fmt.Sprintf("%d to %s of a %s", status, place, way), func(t *testing.T) {
					var calls atomic.Int64
					server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						calls.Add(1)
						if location != "" {
							w.Header().Set("Location", location)
						}
						w.WriteHeader(status)
					}))
					t.Cleanup(server.Close)
					client := newSingle(t, cfg, server.URL, &http.Client{})
					assert.Equal(t, Answer{SetupFault, status, "status_" + strconv.Itoa(status), "", 0},
						send(t.Context(), t, client))
					assert.EqualValues(t, 1, calls.Load())
				})
			}
		}
	}
	assert.Zero(t, elsewhere.Load())
}
