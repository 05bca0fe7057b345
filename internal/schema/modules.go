// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package schema // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/schema"

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
)

// Modules finds the folders of Go packages, in the versions of one mod file.
type Modules struct {
	modfile string
	folders map[string]string
}

// NewModules returns those of a mod file in the folder that the process is in.
func NewModules(modfile string) *Modules {
	return &Modules{modfile: modfile, folders: make(map[string]string)}
}

// folder returns where a package is. The go command downloads what is not here yet.
func (m *Modules) folder(pkg string) (string, error) {
	if folder, known := m.folders[pkg]; known {
		return folder, nil
	}
	var stderr bytes.Buffer
	list := exec.Command("go", "list", "-modfile", m.modfile, "-f", "{{.Dir}}", pkg) //nolint:gosec // a package that a schema names
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("go list %s: %w: %s", pkg, err, stderr.String())
	}
	m.folders[pkg] = strings.TrimSpace(string(out))
	return m.folders[pkg], nil
}
