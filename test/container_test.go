// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// container runs the image as an engine would, as far as that can be had without one: in its own root file
// system, which is read-only, with a volume for its state, as the image's user and with no variables but those given.
type container struct {
	image  *imageSource
	root   string
	volume string
}

// newContainer puts together the files that the Dockerfile copies, and no others. The stage before holds
// the certificates that are given.
func newContainer(t *testing.T, certificates string) *container {
	t.Helper()
	image := readDockerfile(t, "../deploy/docker/Dockerfile", map[string]string{"BINARY": "dist/otelcol-adobetarget"})
	require.Equal(t, "scratch", image.base)
	c := &container{image: image, root: filepath.Join(t.TempDir(), "root"), volume: t.TempDir()}
	stage := map[string]string{"/etc/ssl/certs/ca-certificates.crt": certificates, "/state": t.TempDir()}
	for _, copied := range image.copies {
		source := filepath.Join("..", copied.source)
		if copied.stage != "" {
			source = stage[copied.source]
			require.NotEmpty(t, source, "the test knows no %s of the stage %s", copied.source, copied.stage)
		}
		c.put(t, source, copied)
		if copied.target == stateOfImage { // a new volume is as the folder that it is mounted over
			require.NoError(t, os.Chmod(c.volume, copied.mode))
			own(t, c.volume, copied.owner)
		}
	}
	// What engines mount over every image.
	require.NoError(t, os.Mkdir(filepath.Join(c.root, "proc"), 0o755)) //nolint:gosec // as in a container
	return c
}

// put copies a file, or makes an empty folder of one.
func (c *container) put(t *testing.T, source string, copied fileCopy) {
	t.Helper()
	target := filepath.Join(c.root, copied.target)
	require.NoError(t, os.MkdirAll(filepath.Dir(target), 0o755)) //nolint:gosec // as in a container
	about, err := os.Stat(source)
	require.NoError(t, err, "run 'make build' first")
	if about.IsDir() {
		require.NoError(t, os.Mkdir(target, 0o755)) //nolint:gosec // as in a container
	} else {
		content, err := os.ReadFile(source) //nolint:gosec // a file of the repository or of this test
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(target, content, 0o644)) //nolint:gosec // as in a container
	}
	if copied.mode != 0 {
		require.NoError(t, os.Chmod(target, copied.mode))
	}
	own(t, target, copied.owner)
}

// own gives a file to a user. Only root can; without it all files are those of the one user that there is.
func own(t *testing.T, path, owner string) {
	t.Helper()
	user, group, _ := strings.Cut(owner, ":")
	uid, err := strconv.Atoi(user)
	require.NoError(t, err, "a number, as an image from scratch knows no names")
	gid, err := strconv.Atoi(group)
	require.NoError(t, err)
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chown(path, uid, gid))
	}
}

// Root enters the container by chroot, anybody else by two user namespaces: in the first one may mount, in the
// second one is the image's user.
const (
	mounts = `root=$1 volume=$2 state=$3 user=$4; shift 4
		mount --bind "$root" "$root" && mount --rbind /proc "$root/proc" && mount -o remount,ro,bind "$root" &&
		mount --bind "$volume" "$root$state" && `
	enterAsRoot   = mounts + `cd / && exec chroot --userspec="$user" "$root" /otelcol-adobetarget "$@"`
	enterAsOthers = mounts + `exec unshare --user --map-user="${user%:*}" --map-group="${user#*:}" --root="$root" --wd=/ /otelcol-adobetarget "$@"`
)

// start runs the image with variables of the form NAME=value, in a network of its own unless it is to reach others, and
// with arguments in place of those that the image has.
func (c *container) start(t *testing.T, alone bool, env []string, args ...string) *process {
	t.Helper()
	require.Equal(t, []string{"/otelcol-adobetarget"}, c.image.entrypoint)
	if args == nil {
		args = c.image.cmd
	}
	namespaces, enter := []string{"--mount"}, enterAsRoot
	if os.Geteuid() != 0 {
		namespaces, enter = append(namespaces, "--user", "--map-root-user"), enterAsOthers
	}
	if alone {
		namespaces = append(namespaces, "--net")
	}
	if said, err := exec.CommandContext(t.Context(), "unshare", append(namespaces, "true")...).CombinedOutput(); err != nil && //nolint:gosec // fixed
		os.Getenv(withoutMounts) != "" {
		t.Skipf("%s is set, and there are no namespaces here: %v: %s", withoutMounts, err, said)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "unshare", //nolint:gosec // our own script
		append(append(namespaces, "sh", "-c", enter, "sh", c.root, c.volume, stateOfImage, c.image.user), args...)...)
	cmd.Env = slices.Concat(env, []string{"PATH=" + os.Getenv("PATH")})
	return launch(t, "container", cmd)
}

// stateOfImage is where the image keeps what has to last.
const stateOfImage = "/var/lib/otelcol-adobetarget"
