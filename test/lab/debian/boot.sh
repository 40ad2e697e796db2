#!/bin/bash
# Boots a Debian root file system as a host of the lab: systemd as process 1 of its own namespaces, in control groups
# of its own, on an existing network namespace. Called twice: `outside` puts itself into the control
# groups and namespaces, `inside` makes the mounts and becomes the host.
#   boot.sh outside NAME NETNS LOWER DIR
set -euo pipefail
stage=$1 name=$2 netns=$3 lower=$4 dir=$5
groups=/sys/fs/cgroup
root=$dir/root

outside() {
  local hierarchies=("$groups"/*/)
  # With version 2 alone there is one tree, without one directory a controller.
  [ "$(stat -f -c %T "$groups")" = cgroup2fs ] && hierarchies=("$groups/")
  local hierarchy
  for hierarchy in "${hierarchies[@]}"; do
    local parent=$hierarchy/tmpfleet-lab
    mkdir -p "$parent"
    if [ -e "$parent/cpuset.cpus" ]; then
      cat "$hierarchy/cpuset.cpus" >"$parent/cpuset.cpus"
      cat "$hierarchy/cpuset.mems" >"$parent/cpuset.mems"
      echo 1 >"$parent/cgroup.clone_children"
    fi
    mkdir -p "$parent/$netns"
    echo $$ >"$parent/$netns/cgroup.procs"
  done
  # By --net and not `ip netns exec`, which would mount /sys again and hide the control groups.
  exec nsenter --net="/run/netns/$netns" \
    unshare --pid --mount --uts --ipc --cgroup --fork --kill-child=KILL bash "$0" inside "$name" "$netns" "$lower" "$dir"
}

inside() {
  mount --make-rprivate /
  mount -t overlay overlay -o "lowerdir=$lower,upperdir=$dir/upper,workdir=$dir/work" "$root"
  mount_proc
  mount -t sysfs sysfs "$root/sys"
  mount_groups
  make_devices
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  # Docker's own overlays cannot be on an overlay.
  # Since version 29 containerd keeps those of its images.
  local engine
  for engine in docker containerd; do
    mkdir -p "$root/var/lib/$engine"
    mount --bind "$dir/$engine" "$root/var/lib/$engine"
  done
  hostname "$name"
  cd "$root"
  mkdir -p .machine
  pivot_root . .machine
  umount -l /.machine
  # In a container systemd leaves this mount to the container's maker; without it, units get no credentials.
  mount --make-rshared /
  exec env -i container=tmpfleet-lab PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init
}

# A host must not change the machine's settings, but may change those of its own network.
mount_proc() {
  mount -t proc proc "$root/proc"
  mount --bind "$root/proc/sys" "$root/proc/sys"
  mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
  mount -o remount,bind,ro "$root/proc/sys"
}

mount_groups() {
  if [ "$(stat -f -c %T "$groups")" = cgroup2fs ]; then
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    return
  fi
  mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
  local hierarchy
  for hierarchy in "$groups"/*/; do
    hierarchy=$(basename "$hierarchy")
    mkdir "$root/sys/fs/cgroup/$hierarchy"
    case $hierarchy in
      unified) mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified" ;;
      systemd) mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd" ;;
      *) mount -t cgroup -o "$hierarchy" cgroup "$root/sys/fs/cgroup/$hierarchy" ;;
    esac
  done
}

make_devices() {
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  local name major minor
  while read -r name major minor; do mknod -m 666 "$root/dev/$name" c "$major" "$minor"; done <<'DEVICES'
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
DEVICES
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
  mount -t tmpfs tmpfs "$root/dev/shm"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
}

"$stage"
