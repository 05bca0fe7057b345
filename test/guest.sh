#!/bin/sh
# Copyright The adobetargetexporter Authors
# SPDX-License-Identifier: Apache-2.0
#
# Starts a machine that is made of this one: it sees all that is on the root file system, and what it writes is gone when it
# ends, which it does with the input of this script. It needs an empty folder.
set -eu
folder=$1

if [ "${2-}" != inside ]; then
  unshare --mount --pid --fork --kill-child --cgroup --net --uts --ipc sh "$0" "$folder" inside &
  exec >/dev/null # what is left of it is the machine's, so that its end is seen
  cat
  kill -KILL $! # and with it process 1 of the machine, and with that all of them
  exit
fi

# Process 1 of namespaces of its own, which becomes systemd.
read -r leader _ </proc/self/stat # in the /proc of who started it
mount -t tmpfs -o mode=755 tmpfs "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" overlay "$folder/root"
cd "$folder/root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/shm dev/pts
for device in full null random tty urandom zero; do
  touch dev/$device
  mount --bind /dev/$device dev/$device
done
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd

# No service of this machine, nothing of its kernel's settings: the targets that every service waits for are empty.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
rm -rf etc/systemd/system/* etc/otelcol-adobetarget var/lib/otelcol-adobetarget
find -H usr/lib/systemd/system lib/systemd/system usr/lib/systemd/system-generators \
  \( -path '*.wants/*' -o -path '*.requires/*' -o -path '*/system-generators/*' \) -delete 2>/dev/null || :
printf '[Unit]\nDefaultDependencies=no\nWants=systemd-journald.service\n' >etc/systemd/system/guest.target

mkdir -p run/before
pivot_root . run/before
umount -l /run/before
mount --make-rshared / # as systemd does where it is not told of a container; credentials are mounted through it
echo "leader $leader"
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive container=test \
  /lib/systemd/systemd --system --unit=guest.target --log-target=journal-or-kmsg --log-level=info
