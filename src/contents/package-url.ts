import { PackageURL } from 'packageurl-js';
import type { Distribution } from './distribution.js';
import type { Package } from './packages.js';

/** The package URL of a package: `pkg:deb/debian/apt@3.0.3?arch=amd64&distro=debian-13`. */
export function packageUrl(format: 'deb' | 'rpm', distribution: Distribution, installed: Package): string {
  const { id, version: release } = distribution;
  const { epoch, version } = format === 'rpm' ? withoutEpoch(installed.version) : { version: installed.version };
  const qualifiers = {
    arch: installed.architecture,
    distro: release === undefined ? id : `${id}-${release}`,
    ...(epoch === undefined ? {} : { epoch }),
  };
  return new PackageURL(format, id, installed.name, version, qualifiers, null).toString();
}

/** Package URLs name the epoch of an rpm in a qualifier, that of a deb in the version. */
function withoutEpoch(version: string): { readonly epoch?: string; readonly version: string } {
  const [, epoch, rest] = /^(\d+):(.*)$/.exec(version) ?? [];
  return epoch === undefined || rest === undefined ? { version } : { epoch, version: rest };
}
