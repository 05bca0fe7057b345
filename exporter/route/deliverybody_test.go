// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

var oddTexts = []string{
	"", "plain", `"`, `\`, `\"`, `\u0041`, "\x00\x01\x1f\x7f\u0080\u009f", "\b\f\n\r\t", "</script><!--", "\u2028\u2029", "Zoë 😀 中",
	"\xff", "a\xff\xfeb", "\xed\xa0\x80", "\xc3", "é\xff", "\ufffd", `"},"execute":{"mboxes":[]},"x":{"y":"`, "&profile.a=b", "${env:X}", "%00", "\ufeff",
}

func TestAppendJSON_IsReadAsWhatItWas(t *testing.T) {
	for _, text := range oddTexts {
		encoded := appendJSON([]byte("before"), text)
		var decoded string
		require.NoError(t, json.Unmarshal(encoded[len("before"):], &decoded), "%q", text)
		assert.Equal(t, strings.ToValidUTF8(text, "\ufffd"), decoded, "%q", text)
		assert.True(t, utf8.Valid(encoded), "%q", text)
	}
}

// FuzzDeliveryBody holds that the JSON is what was meant and nothing else: whatever a record holds
// stays within its own string.
func FuzzDeliveryBody(f *testing.F) {
	for i, text := range oddTexts {
		f.Add(text, oddTexts[(i+1)%len(oddTexts)], oddTexts[(i+2)%len(oddTexts)], "other", i%2 == 0, i%3 == 0)
	}
	f.Fuzz(func(t *testing.T, id, name, value, other string, byTntID, notification bool) {
		name, other = profile.CleanName(name), profile.CleanName(other)
		if name == other {
			return // an update has each name once
		}
		cfg := NewDefaultDeliveryConfig()
		parameter := "thirdPartyId"
		v := profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: id}
		if byTntID {
			v.Parameter, parameter = profile.MboxPC, "tntId"
		}
		if notification {
			cfg.Form = Notification
		}
		d, err := NewDelivery(cfg, "https://acme.invalid", "acme")
		require.NoError(t, err)
		body := d.appendBody(v, []profile.Parameter{{Name: name, Value: value}, {Name: other, Value: id}}, "RECEIPT", time.UnixMilli(17))

		valid := func(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
		values := map[string]any{name: valid(value), other: valid(id)}
		want := map[string]any{"id": map[string]any{parameter: valid(id)}, "context": map[string]any{"channel": "web"}}
		if notification {
			want["notifications"] = []any{map[string]any{
				"id": "RECEIPT", "type": "display", "timestamp": 17.0, "mbox": map[string]any{"name": "otel-profile-update"}, "profileParameters": values,
			}}
		} else {
			want["requestId"] = "RECEIPT"
			want["execute"] = map[string]any{"mboxes": []any{map[string]any{"index": 0.0, "name": "otel-profile-update", "profileParameters": values}}}
		}
		var got map[string]any
		require.NoError(t, json.Unmarshal(body, &got), "%s", body)
		assert.Equal(t, want, got)
	})
}
