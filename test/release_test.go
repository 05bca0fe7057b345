// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var releaseFolder = flag.String("release", "", "the folder of a release, which make release-check looks at")

// release is a folder of what users download.
type release struct{ folder, version string }

// TestTheReleaseIsWhole looks at what make release has made. It is run by make release-check alone.
func TestTheReleaseIsWhole(t *testing.T) {
	if *releaseFolder == "" {
		t.Skip("no release was named with -release, make release-check does")
	}
	manifest := readYAML(t, "../builder-config.yaml")["dist"].(map[string]any)
	r := release{*releaseFolder, manifest["version"].(string)}
	require.NoError(t, r.checkSums())
	notes := readFile(t, filepath.Join(r.folder, "notes.md"))
	assert.Contains(t, notes, "- `", "notes name no change")
	for arch, alike := range map[string][]string{
		"amd64": {"otelcol-adobetarget_*_amd64.deb", "otelcol-adobetarget-*.x86_64.rpm"},
		"arm64": {"otelcol-adobetarget_*_arm64.deb", "otelcol-adobetarget-*.aarch64.rpm"},
	} {
		for _, name := range alike {
			_, err := r.one(name)
			require.NoError(t, err)
		}
		for _, name := range []string{"otelcol-adobetarget", "adobetarget"} {
			require.NoError(t, r.checkArchive(t, name, arch))
		}
	}
}

// checkArchive looks at the program in an archive, and at its bill of materials.
func (r release) checkArchive(t *testing.T, name, arch string) error {
	t.Helper()
	program, err := r.unpack(name, arch, t.TempDir())
	if err != nil {
		return err
	}
	if err := r.checkProgram(t, program, arch); err != nil {
		return err
	}
	return r.checkMaterials(name, arch, program)
}

// one returns the only file of a name with wildcards.
func (r release) one(name string) (string, error) {
	found, err := filepath.Glob(filepath.Join(r.folder, name))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("there should be one %s: %v %w", name, found, err)
	}
	return found[0], nil
}

// checkSums looks whether SHA256SUMS has every file but the notes, with its sum.
func (r release) checkSums() error {
	text, err := os.ReadFile(filepath.Join(r.folder, "SHA256SUMS"))
	if err != nil {
		return err
	}
	summed := []string{"SHA256SUMS", "notes.md"}
	for line := range strings.Lines(string(text)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		content, unread := os.ReadFile(filepath.Join(r.folder, name)) //nolint:gosec // a file of the release
		if unread != nil {
			return unread
		}
		if is := sha256.Sum256(content); hex.EncodeToString(is[:]) != sum {
			return fmt.Errorf("%s has another sum than SHA256SUMS says", name)
		}
		summed = append(summed, name)
	}
	files, err := os.ReadDir(r.folder)
	for _, file := range files {
		if !slices.Contains(summed, file.Name()) {
			return fmt.Errorf("SHA256SUMS has no sum of %s", file.Name())
		}
	}
	return err
}

// unpack puts the program of an archive into a folder, and says where it is. A license has to be with it.
func (r release) unpack(name, arch, folder string) (string, error) {
	path, err := r.one(name + "_*_linux_" + arch + ".tar.gz")
	if err != nil {
		return "", err
	}
	file, err := os.Open(path) //nolint:gosec // a file of the release
	if err != nil {
		return "", err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return "", err
	}
	program, licensed := filepath.Join(folder, name), false
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		switch header.Name {
		case "LICENSE":
			licensed = true
		case name:
			content, err := io.ReadAll(archive)
			if err != nil {
				return "", err
			}
			if err := os.WriteFile(program, content, header.FileInfo().Mode()); err != nil {
				return "", err
			}
		}
	}
	if !licensed {
		return "", fmt.Errorf("%s holds no LICENSE", path)
	}
	return program, nil
}

// checkProgram looks whether a program is of an architecture, and says the version of the release where it runs.
func (r release) checkProgram(t *testing.T, program, arch string) error {
	t.Helper()
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	for key, want := range map[string]string{"GOOS": "linux", "GOARCH": arch, "CGO_ENABLED": "0", "-trimpath": "true"} {
		if !slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == key && s.Value == want }) {
			return fmt.Errorf("%s is not built with %s=%s", program, key, want)
		}
	}
	if arch != runtime.GOARCH {
		return nil
	}
	output, err := exec.CommandContext(t.Context(), program, "--version").Output()
	if err == nil && !strings.HasSuffix(string(output), " version "+r.version+"\n") {
		err = fmt.Errorf("%s --version says %q, and the release is %s", program, output, r.version)
	}
	return err
}

// material is one of a bill of materials.
type material struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Purl    string `json:"purl"`
}

// shipped returns which module of which version is in a program. That of the exporter is the release's.
func shipped(module *debug.Module, version string) (path, v string) {
	switch {
	case module.Replace == nil:
		return module.Path, module.Version
	case module.Replace.Version == "(devel)":
		return module.Path, version
	default:
		return module.Replace.Path, module.Replace.Version
	}
}

// checkMaterials looks whether the bill of materials of a program has all modules that it was built with.
func (r release) checkMaterials(name, arch, program string) error {
	path, err := r.one(name + "_*_linux_" + arch + ".cdx.json")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path) //nolint:gosec // a file of the release
	if err != nil {
		return err
	}
	var bill struct {
		BomFormat  string
		Metadata   struct{ Component material }
		Components []material
	}
	if err = json.Unmarshal(text, &bill); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if bill.BomFormat != "CycloneDX" || bill.Metadata.Component.Version != "v"+r.version {
		return fmt.Errorf("%s is no bill of version %s", path, r.version)
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	for _, module := range info.Deps {
		path, version := shipped(module, "v"+r.version)
		if !slices.ContainsFunc(bill.Components, func(m material) bool {
			return m.Name == path && m.Version == version && strings.HasPrefix(m.Purl, "pkg:golang/"+path+"@"+version)
		}) {
			return fmt.Errorf("the bill of %s on %s does not have %s %s", name, arch, path, version)
		}
	}
	return nil
}

// testRelease makes a folder of what an archive holds, a bill and a package, with the sums of all.
func testRelease(t *testing.T, version string, archive map[string]string, bill any) release {
	t.Helper()
	r := release{t.TempDir(), version}
	var packed bytes.Buffer
	zipped, err := gzip.NewWriterLevel(&packed, gzip.NoCompression)
	require.NoError(t, err)
	tarred := tar.NewWriter(zipped)
	for name, content := range archive {
		require.NoError(t, tarred.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}))
		_, err = tarred.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, tarred.Close())
	require.NoError(t, zipped.Close())
	text, err := json.Marshal(bill)
	require.NoError(t, err)

	var sums strings.Builder
	name := "adobetarget_1_linux_" + runtime.GOARCH
	for file, content := range map[string][]byte{name + ".tar.gz": packed.Bytes(), name + ".cdx.json": text, "a.deb": []byte("a")} {
		require.NoError(t, os.WriteFile(filepath.Join(r.folder, file), content, 0o600))
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), file)
	}
	require.NoError(t, os.WriteFile(filepath.Join(r.folder, "SHA256SUMS"), []byte(sums.String()), 0o600))
	return r
}

// testBill is the bill of a program, of which it names a number of modules.
func testBill(t *testing.T, program, version string, modules int) any {
	t.Helper()
	info, err := buildinfo.ReadFile(program)
	require.NoError(t, err)
	var components []material
	for _, module := range info.Deps[:min(modules, len(info.Deps))] {
		path, v := shipped(module, version)
		components = append(components, material{path, v, "pkg:golang/" + path + "@" + v + "?type=module"})
	}
	return map[string]any{"bomFormat": "CycloneDX", "metadata": map[string]any{"component": material{Version: version}}, "components": components}
}

// What make release-check looks for is missing here in a small release, which holds the companion.
func TestAReleaseThatIsNotWholeIsNoticed(t *testing.T) {
	program := binary(t, "adobetarget")
	version := readYAML(t, "../builder-config.yaml")["dist"].(map[string]any)["version"].(string)
	whole, license := testBill(t, program, "v"+version, math.MaxInt), "LICENSE"
	for name, row := range map[string]struct {
		holds, license string
		bill           any
		change, to     string
		want           string
	}{
		"it is whole":                            {program, license, whole, "", "", ""},
		"a file has no sum":                      {program, license, whole, "b.deb", "b", "SHA256SUMS has no sum of b.deb"},
		"a file was changed after it was summed": {program, license, whole, "a.deb", "b", "a.deb has another sum"},
		"the archive has no license":             {program, "README.md", whole, "", "", "holds no LICENSE"},
		"the archive holds no program":           {"../LICENSE", license, whole, "", "", "unrecognized file format"},
		"the bill is of another version":         {program, license, testBill(t, program, "v9.9.9", math.MaxInt), "", "", "is no bill of version " + version},
		"the bill does not have all modules":     {program, license, testBill(t, program, "v"+version, 20), "", "", "does not have "},
	} {
		t.Run(name, func(t *testing.T) {
			r := testRelease(t, version, map[string]string{"adobetarget": readFile(t, row.holds), row.license: "text"}, row.bill)
			if row.change != "" {
				require.NoError(t, os.WriteFile(filepath.Join(r.folder, row.change), []byte(row.to), 0o600))
			}
			err := errors.Join(r.checkSums(), r.checkArchive(t, "adobetarget", runtime.GOARCH))
			if row.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, row.want)
			}
		})
	}
	r := testRelease(t, "9.9.9", map[string]string{"adobetarget": readFile(t, program), license: "text"}, whole)
	require.ErrorContains(t, r.checkArchive(t, "adobetarget", runtime.GOARCH), "and the release is 9.9.9")
}
