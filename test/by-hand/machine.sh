#!/bin/bash
# A machine to try things on as a newcomer would: its own root file system (an overlay, so that LOWER stays as it is), processes
# and network, in which nothing but itself can be reached. It has this machine's Node and npm. It ends with the process that made it.
#   machine.sh outside LOWER DIR        DIR: empty, for what the machine writes
set -euo pipefail
stage=$1 lower=$2 dir=$3
root=$dir/root

outside() {
  mkdir -p "$dir"/{upper,work,root,docker}
  exec unshare --mount --pid --net --uts --ipc --fork --kill-child=KILL bash "$0" inside "$lower" "$dir"
}

inside() {
  mount --make-rprivate /
  mount -t overlay overlay -o "lowerdir=$lower,upperdir=$dir/upper,workdir=$dir/work" "$root"
  mount -t proc proc "$root/proc"
  mount -t sysfs sysfs "$root/sys"
  mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/dev/shm"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  # Docker's own overlays cannot be on an overlay.
  mkdir -p "$root/var/lib/docker"
  mount --bind "$dir/docker" "$root/var/lib/docker"
  node_of_this_machine
  ip link set lo up
  hostname machine
  echo '127.0.0.1 localhost machine' >"$root/etc/hosts"
  # Process 1 takes in what others leave behind.
  exec chroot "$root" /bin/bash -c 'while sleep 1000 & wait $!; do :; done'
}

node_of_this_machine() {
  local node npm
  node=$(readlink -f "$(command -v node)")
  npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
  mkdir -p "$root/opt/node/bin" "$root/opt/node/lib/node_modules/npm"
  touch "$root/opt/node/bin/node"
  mount --bind "$node" "$root/opt/node/bin/node"
  mount --bind "$npm" "$root/opt/node/lib/node_modules/npm"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/opt/node/bin/npm"
  ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$root/opt/node/bin/npx"
}

"$stage"
