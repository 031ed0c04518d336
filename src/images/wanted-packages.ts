import { canonical } from '../config/option.js';
import { existsSync } from 'node:fs';
import type { Configuration } from '../config/configuration.js';
import { isBootstrapped, isDerived, isInstalled, type ImageSpec, type InstallSpec } from '../config/image-spec.js';
import { splitName } from '../config/flavored-name.js';
import { UsageError } from '../host/failure.js';
import { lockPath } from '../config/lock-path.js';
import { packageCache, type PackageCache } from '../packages/package-cache.js';
import { factsOf } from '../packages/flavors.js';
import { packageRequest } from '../packages/request.js';
import type { WantedPackages } from '../packages/use-lock.js';
import type { Plan } from './build.js';
import { hasParentDisk } from './derivation.js';
import { askedArch, installedRequest } from './installer-packages.js';
import { lineOf, withLayout } from './line.js';
import { poolNetbootFiles } from './locked-netboot.js';

/**
 * What an image without an installer is built of, or the installer of one installs from; undefined for others.
 * An image that is installed has a lock where there is one, or where it has a group.
 *
 * @throws UsageError for groups, flavors and sources with a mistake, and for what no disk can be made of
 */
export async function wantedPackages(
  configuration: Configuration,
  spec: ImageSpec,
): Promise<WantedPackages | undefined> {
  if (isInstalled(spec)) return installedPackages(configuration, spec);
  if (!isBootstrapped(spec)) return undefined;
  expectOfSection(spec);
  const image = splitName(configuration, spec.name);
  const request = packageRequest(configuration, image, undefined, askedArch(spec));
  if (spec.layout === undefined && request.facts.options.get('kernel') === true) {
    throw new UsageError([
      `[${spec.section}] has no 'layout': it says what the disk of an image without an installer looks like, such as 'hybrid'`,
    ]);
  }
  return { request, cache: cacheOf(spec), path: spec.origin.lockFile, policy: spec.packageLock };
}

/** What the packages of an image follow from. Its lock lies beside the configuration, and is stale where that says something else. */
const decidingPackages = [
  ...['group', 'flavors', 'options', 'distribution', 'suite'],
  ...['package-sources', 'package-keyring', 'package-archives'],
  ...['packages', 'users', 'firewall', 'cloud-init', 'unattended-upgrades'],
];

/** @throws UsageError for options of the command line that would not count */
function expectOfSection({ overridden, section }: ImageSpec): void {
  const ignored = overridden.filter((name) => decidingPackages.includes(canonical(name)));
  if (ignored.length === 0) return;
  throw new UsageError(
    ignored.map(
      (name) =>
        `--set ${name}: the packages of [${section}] follow from its section, as its package lock does: make a section with 'like = ${section}' that sets it`,
    ),
  );
}

async function installedPackages(configuration: Configuration, spec: InstallSpec): Promise<WantedPackages | undefined> {
  const { packageLock: policy, group } = spec;
  const path = lockPath(configuration, splitName(configuration, spec.name), askedArch(spec));
  const isWanted = group.length > 0 || policy === 'required' || (policy === 'use' && existsSync(path));
  if (!isWanted) return undefined;
  const request = await installedRequest(configuration, spec);
  const cache = cacheOf(spec);
  return { request, cache, path, policy, netboot: (host) => poolNetbootFiles(host, spec, cache.pool) };
}

function cacheOf({ variables }: ImageSpec): PackageCache {
  return packageCache(variables['cache_dir'] ?? variables['cache-dir']);
}

/**
 * What an image becomes: a disk; or an archive of its files, where it has no kernel that could boot one, or where neither a
 * disk that it comes from nor a layout says what a disk would look like. A derived image is what its parent is, unless its own
 * options leave the kernel out.
 *
 * @throws UsageError for a flavor with a mistake
 */
export async function resultOf(configuration: Configuration, spec: ImageSpec): Promise<Plan['result']> {
  const [origin = spec] = lineOf(spec);
  if (isInstalled(origin)) return 'disk';
  if (isDerived(origin) && withLayout(spec).layout === undefined && !(await hasParentDisk(origin))) {
    return 'tree';
  }
  const images = isBootstrapped(origin) ? [origin, spec] : [spec];
  const isBare = images.some(
    ({ name }) => factsOf(configuration, splitName(configuration, name)).options.get('kernel') === false,
  );
  return isBare ? 'tree' : 'disk';
}

/** What a plan needs to know of the configuration beside the image's own section. */
export async function makingOf(
  configuration: Configuration,
  spec: ImageSpec,
): Promise<Pick<Plan, 'packages' | 'result'>> {
  return {
    packages: await wantedPackages(configuration, spec),
    result: await resultOf(configuration, spec),
  };
}
