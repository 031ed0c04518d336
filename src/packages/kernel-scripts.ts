/** Where the scripts lie in the tree while its packages are installed: what is in /run is no part of a system. */
const place = '/run/image-factory';

const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** dpkg's own options for the time of the installation: they don't stay in the tree. */
const dpkgOptions = '/etc/dpkg/dpkg.cfg.d/99image-factory';

/**
 * After packages are unpacked: depmod(8) reads the modules of each new kernel while other packages are set up, which takes it
 * seconds on a processor that has nothing else to do. Whoever holds the lock of a version is doing that.
 *
 * It is left to the kernel's own script where the configuration of depmod is not in place yet, and where modules of a version
 * that was read come later.
 */
const afterDpkg = `#!/bin/sh
[ "$DPKG_HOOK_ACTION" = unpack ] || exit 0
cd ${place} || exit 0
for order in /lib/modules/*/modules.order; do
  version=\${order%/*}; version=\${version##*/}
  [ -e "$order" ] || continue
  modules=$(find "/lib/modules/$version/" -name '*.ko*' | wc -l)
  if [ -e "lock-$version" ]; then
    [ "$modules" = "$(cat "modules-$version")" ] || : >"again-$version"
    continue
  fi
  [ ! -e "/lib/modules/$version/modules.dep" ] || continue
  for new in /etc/depmod.d/*.dpkg-new; do [ ! -e "$new" ] || continue 2; done
  echo "$modules" >"modules-$version"
  exec 9>"lock-$version"
  flock 9
  PATH=${usualPath} setsid sh -c 'depmod "$1" && : >"done-$1"' sh "$version" </dev/null >/dev/null 2>&1 &
  exec 9>&-
done
exit 0
`;

/** Called instead of depmod by the scripts of packages: what was read already is not read again. */
const depmod = `#!/bin/sh
PATH=${usualPath}
if [ $# = 1 ] && [ -e "${place}/lock-$1" ]; then
  flock "${place}/lock-$1" true
  if [ -e "${place}/done-$1" ] && [ ! -e "${place}/again-$1" ]; then
    rm "${place}/done-$1"
    exit 0
  fi
fi
exec depmod "$@"
`;

/**
 * Called instead of the program of initramfs-tools by the scripts of packages: the kernel's asks for an initial RAM disk before all packages
 * are set up, and the trigger of initramfs-tools for another one afterwards.
 */
const updateInitramfs = `#!/bin/sh
PATH=${usualPath}
for word; do
  case $word in
  -[cu]*)
    : >${place}/initramfs
    exit 0
    ;;
  esac
done
exec update-initramfs "$@"
`;

/** A hook of mmdebstrap(1), before packages are there; its argument is the tree. */
export const setupHook = `set -eu
mkdir -p "$1${place}" "$1/etc/dpkg/dpkg.cfg.d"
cat >>"$MMDEBSTRAP_APT_CONFIG" <<'end'
DPkg::Path "${place}:${usualPath}";
Acquire::http::Proxy "DIRECT";
end
cat >"$1${dpkgOptions}" <<'end'
force-unsafe-io
post-invoke=if [ -e ${place}/after-dpkg ]; then ${place}/after-dpkg; fi
end
cat >"$1${place}/after-dpkg" <<'end'
${afterDpkg}end
cat >"$1${place}/depmod" <<'end'
${depmod}end
cat >"$1${place}/update-initramfs" <<'end'
${updateInitramfs}end
chmod +x "$1${place}/"*
`;

/**
 * Runs in the finished tree: has the initial RAM disk of each kernel made that has none, once, by the hooks of kernels, which may also
 * read it; and removes what {@link setupHook} brought.
 *
 * With SOURCE_DATE_EPOCH, initramfs-tools has zstd(1) compress by one thread. What zstd writes is the same for any number of threads.
 */
export const finishKernels = `export ZSTD_NBTHREADS="$(nproc)"
for lock in ${place}/lock-*; do
  [ ! -e "$lock" ] || flock "$lock" true
done
asked=no
[ ! -e ${place}/initramfs ] || asked=yes
rm -rf ${place} ${dpkgOptions}
for kernel in /boot/vmlinu?-*; do
  version=\${kernel#/boot/vmlinu?-}
  [ $asked = yes ] && [ -e "$kernel" ] && [ ! -e "/boot/initrd.img-$version" ] || continue
  if command -v linux-run-hooks >/dev/null; then
    linux-run-hooks image postinst "$version" "$kernel" -- configure
  else
    DEB_MAINT_PARAMS=configure run-parts --exit-on-error --arg="$version" --arg="$kernel" /etc/kernel/postinst.d
  fi
done
`;
