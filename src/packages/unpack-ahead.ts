import { join } from 'node:path';
import { placeOf } from './compile-repository.js';
import { scriptPlace, usualPath } from './kernel-scripts.js';
import type { LockedPackage, PackageLock } from './lock-file.js';

/** Bytes of a package file: to decompress this much takes half a second or more. Of Debian's packages, kernels and firmware have it. */
const large = 16 * 2 ** 20;

/** As many are decompressed at the same time. */
const atOnce = 4;

/**
 * Called by dpkg(1) instead of dpkg-deb(1): gives what was decompressed ahead, and waits for what is being decompressed. Else, and where that
 * failed, dpkg-deb does it.
 */
const dpkgDeb = `#!/bin/sh
PATH=${usualPath}
data="${scriptPlace}/data-\${2##*/}"
if [ "$1" = --fsys-tarfile ] && [ -e "$data.lock" ]; then
  flock "$data.lock" true
  if [ -e "$data" ]; then
    cat "$data" || exit
    exec rm "$data"
  fi
fi
exec dpkg-deb "$@"
`;

/**
 * A hook of mmdebstrap(1), after {@link setupHook}; its argument is the tree. It has the largest packages decompressed while the essential ones are
 * installed, which needs one processor only. Undefined where no package is large.
 *
 * @param directory the compiled repository: the files there are what the lock says
 */
export function unpackAheadHook({ packages }: PackageLock, directory: string): string | undefined {
  const chosen = packages
    .filter(({ size }) => size >= large)
    .sort((one, other) => other.size - one.size)
    .slice(0, atOnce);
  if (chosen.length === 0) return undefined;
  const calls = chosen.map((each) => `ahead '${join(directory, placeOf(each, 'deb'))}' '${nameInCache(each)}'`);
  return `set -eu
cat >"$1${scriptPlace}/dpkg-deb" <<'end'
${dpkgDeb}end
chmod +x "$1${scriptPlace}/dpkg-deb"
tree=$1
ahead() {
  data="$tree${scriptPlace}/data-$2"
  exec 9>"$data.lock"
  flock 9
  { dpkg-deb --fsys-tarfile "$1" >"$data.part" && mv "$data.part" "$data" || rm -f "$data.part"; } </dev/null >/dev/null 2>&1 &
  exec 9>&-
}
${calls.join('\n')}
`;
}

/** The name of a package file in apt's cache (apt, "QuoteString" of the version). */
function nameInCache({ name, version, architecture }: LockedPackage): string {
  return `${name}_${version.replaceAll(':', '%3a')}_${architecture}.deb`;
}
