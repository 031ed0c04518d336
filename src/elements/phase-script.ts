/**
 * The bash script that runs the phases of a build, as root of a mount and PID namespace of its own. diskimage-builder's
 * `dib-run-parts` runs the hooks; what stands around it there, this script does.
 *
 * Its environment has what hooks may rely on, and: `IF_TREE` the system to change, `IF_SHIMS` a directory for `sudo`,
 * `mount` and `umount`, `IF_SHIMS_IN_TREE` one for a tree without `sudo`, `IF_RESULT` a file for the phase that failed with its exit code, `IF_PACKAGES` what `-p` names, `IF_PHASES`
 * the phases that have hooks, `IF_ELEMENT_ARRAY` the elements as a bash array.
 */
export const phaseScript = `#!/bin/bash
set -eE -o pipefail
umask 022

# Hooks call it on the host.
source "$_LIB/die"
function get_image_element_array {
  echo "$IF_ELEMENT_ARRAY"
}
export -f get_image_element_array
export PATH="$IF_SHIMS:$PATH"

phase=preparation
trap 'code=$?; [ -s "$IF_RESULT" ] || echo "$phase $code" >"$IF_RESULT"; exit "$code"' ERR

function device {
  [ -e "/dev/$1" ] || return 0
  : >"$TMP_MOUNT_PATH/dev/$1"
  mount --bind "/dev/$1" "$TMP_MOUNT_PATH/dev/$1"
}

# The kernel's file systems, with no more devices than programs need: never those of this machine.
function mount_kernel_file_systems {
  mkdir -p "$TMP_MOUNT_PATH"/{proc,dev,sys,tmp}
  mount -t proc -o nosuid,nodev,noexec proc "$TMP_MOUNT_PATH/proc"
  mount -t tmpfs -o nosuid,mode=755,size=64m tmpfs "$TMP_MOUNT_PATH/dev"
  for name in null zero full random urandom tty; do device "$name"; done
  mkdir "$TMP_MOUNT_PATH/dev/pts" "$TMP_MOUNT_PATH/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$TMP_MOUNT_PATH/dev/pts"
  chmod 1777 "$TMP_MOUNT_PATH/dev/shm"
  ln -s pts/ptmx "$TMP_MOUNT_PATH/dev/ptmx"
  ln -s /proc/self/fd "$TMP_MOUNT_PATH/dev/fd"
  for at in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/\${at%:*}" "$TMP_MOUNT_PATH/dev/\${at#*:}"; done
  mount --rbind /sys "$TMP_MOUNT_PATH/sys"
  mount -o remount,bind,ro "$TMP_MOUNT_PATH/sys" 2>/dev/null || true
}

function mounts_in_tree {
  awk -v top="$TMP_MOUNT_PATH/" 'index($5, top) == 1 { print $5 }' /proc/self/mountinfo | sort -r
}

# What hooks have mounted in the tree, such as a cache of packages, and not what was there before them.
function unmount_of_hooks {
  local each
  while read -r each; do
    [ -z "$each" ] || umount -l "$each"
  done < <(comm -13 <(sort <<<"$mounted") <(mounts_in_tree | sort) | sort -r)
}

function replace_resolv_conf {
  local file="$TMP_MOUNT_PATH/etc/resolv.conf"
  if [ -L "$file" ] || [ -f "$file" ]; then mv "$file" "$file.ORIG"; fi
  if [ -e /etc/resolv.conf ]; then cat /etc/resolv.conf >"$file"; else : >"$file"; fi
  chmod 644 "$file"
}

# A hook may have made it a link, or immutable: then it stays.
function restore_resolv_conf {
  local file="$TMP_MOUNT_PATH/etc/resolv.conf"
  if [ -L "$file" ] || lsattr "$file" 2>/dev/null | grep -q '^....i'; then
    rm -f "$file.ORIG"
  else
    rm -f "$file"
    if [ -L "$file.ORIG" ] || [ -f "$file.ORIG" ]; then mv "$file.ORIG" "$file"; fi
  fi
}

function in_target {
  HOME=/root chroot "$TMP_MOUNT_PATH" env -u TMPDIR -u VIRTUAL_ENV \\
    PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/tmp/image-factory.bin" "$@"
}

function stop_at {
  [[ ",\${break:-}," == *",$1,"* ]] || return 0
  if ! { : </dev/tty; } 2>/dev/null; then
    echo "image-factory: break=$1: there is no terminal for a shell; going on" >&2
    return 0
  fi
  echo "Starting a shell at $1. Leave it to go on." >/dev/tty
  shift
  "$@" </dev/tty >/dev/tty 2>&1 || true
}

function shell_in_target {
  if [ -n "\${break_outside_target:-}" ]; then "\${break_cmd:-bash}"; else in_target "\${break_cmd:-bash}"; fi
}

function failed {
  local code=$1
  echo "$phase $code" >"$IF_RESULT"
  stop_at after-error "\${2:-bash}"
  exit "$code"
}

function run_on_host {
  phase="$1.d"
  local code=0
  if [ -d "$TMP_HOOKS_PATH/$phase" ]; then
    echo "image-factory: phase $phase"
    stop_at "before-$1" "\${break_cmd:-bash}"
    "$_LIB/dib-run-parts" "$TMP_HOOKS_PATH/$phase" || code=$?
    [ "$code" = 0 ] || failed "$code" "\${break_cmd:-bash}"
    stop_at "after-$1" "\${break_cmd:-bash}"
  fi
}

function run_in_tree {
  phase="$1.d"
  local code=0
  if [ -d "$TMP_HOOKS_PATH/$phase" ]; then
    echo "image-factory: phase $phase"
    mkdir -p "$TMP_MOUNT_PATH/tmp/in_target.d" "$TMP_MOUNT_PATH/tmp/image-factory.bin"
    cp "$_LIB/dib-run-parts" "$TMP_HOOKS_PATH/dib-run-parts"
    mount --bind "$TMP_HOOKS_PATH" "$TMP_MOUNT_PATH/tmp/in_target.d"
    mount -o remount,bind,ro "$TMP_MOUNT_PATH/tmp/in_target.d"
    mount --bind "$IF_SHIMS_IN_TREE" "$TMP_MOUNT_PATH/tmp/image-factory.bin"
    stop_at "before-$1" shell_in_target
    in_target /tmp/in_target.d/dib-run-parts "/tmp/in_target.d/$phase" || code=$?
    [ "$code" = 0 ] || failed "$code" shell_in_target
    stop_at "after-$1" shell_in_target
    umount "$TMP_MOUNT_PATH/tmp/image-factory.bin" "$TMP_MOUNT_PATH/tmp/in_target.d"
    rmdir "$TMP_MOUNT_PATH/tmp/image-factory.bin" "$TMP_MOUNT_PATH/tmp/in_target.d"
  fi
}

function install_packages {
  phase='the packages of -p'
  [ -n "$IF_PACKAGES" ] || return 0
  local code=0
  # shellcheck disable=SC2086 # names of packages have no blanks
  in_target install-packages $IF_PACKAGES || code=$?
  [ "$code" = 0 ] || failed "$code"
}

mkdir -p "$TMP_MOUNT_PATH"
mount --rbind "$IF_TREE" "$TMP_MOUNT_PATH"
mount_kernel_file_systems
mounted=$(mounts_in_tree)

TARGET_ROOT=$TMP_MOUNT_PATH run_on_host root
phase=preparation
replace_resolv_conf
run_on_host extra-data
run_in_tree pre-install
run_in_tree install
install_packages
run_in_tree post-install
run_on_host post-root
phase=preparation
unmount_of_hooks
run_on_host block-device
# What hooks write there goes nowhere: the disk is made later.
export IMAGE_BLOCK_DEVICE=/dev/null IMAGE_BLOCK_DEVICES='[image0]=/dev/null '
run_on_host pre-finalise
run_in_tree finalise
TARGET_ROOT=$TMP_MOUNT_PATH run_on_host cleanup
phase='the end'
unmount_of_hooks
restore_resolv_conf
find "$TMP_MOUNT_PATH/tmp" -mindepth 1 -maxdepth 1 -exec rm -rf --one-file-system {} +
if [ -d "$TMP_MOUNT_PATH/var/log" ]; then find "$TMP_MOUNT_PATH/var/log" -type f -exec truncate -s 0 {} +; fi
if [ -d "$TMP_MOUNT_PATH/root" ]; then find "$TMP_MOUNT_PATH/root" -name '*.log' -type f -delete; fi
echo 'done' >"$IF_RESULT"
`;

/** Hooks call sudo(8) to become root: here they are root already. */
export const sudoShim = `#!/bin/bash
user=
while [ $# -gt 0 ]; do
  case $1 in
    -u | --user) user=$2; shift 2 ;;
    -u*) user=\${1#-u}; shift ;;
    --user=*) user=\${1#*=}; shift ;;
    -g | -C | -p | -h | -r | -t | -U) shift 2 ;;
    -i | -s) shift; if [ $# = 0 ]; then set -- "\${SHELL:-/bin/sh}"; fi ;;
    -v | -k | -K) exit 0 ;;
    --) shift; break ;;
    -*) shift ;;
    [A-Za-z_]*=*) export "\${1?}"; shift ;;
    *) break ;;
  esac
done
if [ $# = 0 ]; then exit 0; fi
if [ -n "$user" ] && [ "$user" != root ] && [ "$user" != '#0' ]; then exec runuser -u "$user" -- "$@"; fi
exec "$@"
`;

/**
 * Loop devices are root's, and kernels may lack the file system. A FAT image that a hook mounts from a file is an empty
 * directory meanwhile, and what lies there goes into the image when it is unmounted.
 */
export const mountShim = `#!/bin/bash
PATH=\${PATH#*:}
shims=\${0%/*}
if [[ $# = 4 && $1 = -o && $2 = loop && -f $3 && -d $4 && $(blkid -p -o value -s TYPE "$3") = vfat ]]; then
  mount -t tmpfs -o mode=755 loop "$4"
  mcopy -n -s -i "$3" '::*' "$4/" 2>/dev/null || true
  readlink -f "$3" >"$shims/loop.$(readlink -f "$4" | md5sum | cut -c1-32)"
  exit 0
fi
exec mount "$@"
`;

/** An ordinary user's namespace refuses \`umount --force\`, which is for servers that don't answer. */
export const umountShim = `#!/bin/bash
words=()
for word in "$@"; do
  case $word in
    --force | -f) ;;
    -[a-zA-Z]*) words+=("\${word//f/}") ;;
    *) words+=("$word") ;;
  esac
done
PATH=\${PATH#*:}
image="\${0%/*}/loop.$(readlink -f "\${words[-1]}" | md5sum | cut -c1-32)"
if [ -f "$image" ]; then
  mcopy -o -s -i "$(cat "$image")" "\${words[-1]}"/* :: && rm "$image"
fi
exec /bin/umount "\${words[@]}"
`;
