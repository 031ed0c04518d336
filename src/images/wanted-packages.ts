import type { Configuration } from '../config/configuration.js';
import { isBootstrapped, type ImageSpec } from '../config/image-spec.js';
import { splitName } from '../config/flavored-name.js';
import { UsageError } from '../host/failure.js';
import { lockPath } from '../packages/lock-file.js';
import { packageCache } from '../packages/package-cache.js';
import { packageRequest } from '../packages/request.js';
import type { WantedPackages } from '../packages/use-lock.js';

/**
 * What an image without an installer is built of; undefined for others.
 *
 * @throws UsageError for groups, flavors and sources with a mistake, and for what no disk can be made of
 */
export function wantedPackages(configuration: Configuration, spec: ImageSpec): WantedPackages | undefined {
  if (!isBootstrapped(spec)) return undefined;
  const image = splitName(configuration, spec.name);
  const request = packageRequest(configuration, image);
  if (request.facts.options.get('kernel') === false) {
    throw new UsageError([
      `[${spec.section}]: an image of ${spec.name} would not boot, as '!kernel' leaves out the kernel: 'image-factory bootstrap ${spec.name} FILE.tar' makes its tree, for containers`,
    ]);
  }
  if (spec.layout === undefined) {
    throw new UsageError([
      `[${spec.section}] has no 'layout': it says what the disk of an image without an installer looks like, such as 'hybrid'`,
    ]);
  }
  const cacheDir = spec.variables['cache_dir'] ?? spec.variables['cache-dir'];
  return { request, cache: packageCache(cacheDir), path: lockPath(configuration, image), policy: spec.packageLock };
}
