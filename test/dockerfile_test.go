// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// imageSource is what the Dockerfile says of the image: its last stage. It is read strictly, and knows only
// the instructions that the file has.
type imageSource struct {
	base            string
	args            map[string]string
	labels          map[string]string
	copies          []fileCopy
	user            string
	ports           []string
	entrypoint, cmd []string
}

// fileCopy is a COPY of one file or folder.
type fileCopy struct {
	stage, source, target string
	owner                 string
	mode                  os.FileMode
}

// readDockerfile reads the image as it is built with such arguments.
func readDockerfile(t *testing.T, file string, args map[string]string) *imageSource {
	t.Helper()
	image := &imageSource{}
	text := strings.ReplaceAll(readFile(t, file), "\\\n", " ")
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		if word == "FROM" {
			image = &imageSource{
				base: rest, labels: map[string]string{},
				args: map[string]string{"TARGETARCH": runtime.GOARCH},
			}
			continue
		}
		image.read(t, word, strings.TrimSpace(rest), args)
	}
	return image
}

func (i *imageSource) read(t *testing.T, word, rest string, args map[string]string) {
	t.Helper()
	expanded := os.Expand(rest, func(name string) string {
		value, known := i.args[name]
		require.True(t, known, "%s %s: there is no ARG %s before it", word, rest, name)
		return value
	})
	switch word {
	case "ARG":
		name, value, _ := strings.Cut(expanded, "=")
		if given, is := args[name]; is {
			value = given
		}
		if value != "" {
			i.args[name] = value
		}
	case "LABEL":
		for expanded != "" {
			key, quoted, found := strings.Cut(expanded, "=")
			require.True(t, found, rest)
			prefix, err := strconv.QuotedPrefix(quoted)
			require.NoError(t, err, rest)
			i.labels[key], err = strconv.Unquote(prefix)
			require.NoError(t, err, rest)
			expanded = strings.TrimSpace(quoted[len(prefix):])
		}
	case "COPY":
		i.copies = append(i.copies, readCopy(t, strings.Fields(expanded)))
	case "USER":
		i.user = expanded
	case "EXPOSE":
		i.ports = strings.Fields(expanded)
	case "ENTRYPOINT":
		require.NoError(t, json.Unmarshal([]byte(expanded), &i.entrypoint), "the exec form, as there is no shell")
	case "CMD":
		require.NoError(t, json.Unmarshal([]byte(expanded), &i.cmd), "the exec form, as there is no shell")
	case "RUN": // of a stage before the last one
		require.NotEqual(t, "scratch", i.base, "nothing can run in an image without a shell")
	default:
		require.Fail(t, "an instruction that this test does not know", word)
	}
}

func readCopy(t *testing.T, fields []string) fileCopy {
	t.Helper()
	c := fileCopy{owner: "0:0"}
	for len(fields) > 0 && strings.HasPrefix(fields[0], "--") {
		flag, value, _ := strings.Cut(fields[0], "=")
		switch flag {
		case "--from":
			c.stage = value
		case "--chown":
			c.owner = value
		case "--chmod":
			mode, err := strconv.ParseUint(value, 8, 9)
			require.NoError(t, err)
			c.mode = os.FileMode(mode)
		default:
			require.Fail(t, "a flag that this test does not know", flag)
		}
		fields = fields[1:]
	}
	require.Len(t, fields, 2, "one source and one target")
	require.True(t, filepath.IsAbs(fields[1]) && !strings.HasSuffix(fields[1], "/"), "the target %s in full", fields[1])
	c.source, c.target = fields[0], fields[1]
	return c
}
