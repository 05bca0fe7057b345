// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// documented returns the default column of each setting that docs/settings.md has a row of.
func documented(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("docs", "settings.md"))
	require.NoError(t, err)
	rows := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		path, rest, isRow := strings.Cut(strings.TrimPrefix(line, "| `"), "` | ")
		if !isRow || !strings.HasPrefix(line, "| `") {
			continue
		}
		byDefault, meaning, _ := strings.Cut(rest, " | ")
		assert.NotContains(t, rows, path, "it has two rows")
		assert.NotEmpty(t, strings.Trim(meaning, " |\n"), path)
		rows[path] = byDefault
	}
	return rows
}

// inWords are the defaults that are said and not shown, and those of what is empty.
var inWords = map[string]string{
	"client_code": "required", "visitor": "the attributes `mbox3rdPartyId`, then `mboxPC`",
	"visitor[]::parameter": "required", "visitor_placeholders": "`null`, `none`, `undefined`, …", "profile": "`prefix: profile.`",
	"endpoint": "`https://<client_code>.tt.omtrdc.net`", "delivery::session_key": "the client code",
}

func TestSettings_AreAllDocumentedWithTheirDefaults(t *testing.T) {
	rows := documented(t)
	leaves := leavesOf("", settings(t))
	for path, of := range leaves {
		want, said := inWords[path]
		switch value := of["default"]; {
		case said:
		case value == nil:
			want = "none"
		default:
			want = fmt.Sprintf("`%v`", value)
		}
		assert.Equal(t, want, rows[path], "docs/settings.md, the default of %s", path)
	}
	for path := range rows {
		if leaves[path] == nil {
			assert.Fail(t, "docs/settings.md has a setting that is none", path)
		}
	}
}

// leavesOf returns the settings that are no sections. That a section may be switched off is said
// once for all, where there is no more to say.
func leavesOf(place string, section map[string]any) map[string]map[string]any {
	leaves := make(map[string]map[string]any)
	properties, _ := section["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		of := properties[name].(map[string]any)
		path := strings.TrimPrefix(place+"::"+name, "::")
		switch items, _ := of["items"].(map[string]any); {
		case of["deprecated"] == true, of["description"] == "`false` switches the section off." && path != "keepalive::enabled":
		case of["type"] == "object" && path != "quota::redis::tls": // whose settings are those of tls
			maps.Copy(leaves, leavesOf(path, of))
		case place == "" && items["properties"] != nil && (name == "visitor" || name == "profile"):
			maps.Copy(leaves, leavesOf(path+"[]", items))
			leaves[path] = of
		default:
			leaves[path] = of
		}
	}
	return leaves
}
