import { existsSync } from 'node:fs';
import { isBootstrapped } from '../config/image-spec.js';
import { command, type Caller, type Command } from '../host/host.js';
import { packagingOf } from '../packages/facts.js';
import type { PackageLock } from '../packages/lock-file.js';
import { pooled } from '../packages/pool.js';
import { flavoredName, suiteOf } from '../packages/request.js';
import { shownPath } from '../host/shown-path.js';
import { lockThere, type WantedPackages } from '../packages/use-lock.js';
import { nodeId, readNode } from '../nodes/record.js';
import { inputsOfLock } from './bootstrapped.js';
import type { Plan } from './build.js';

/** What a dry run tells of the packages of a build. */
export interface ForeseenPackages {
  /** A line each. */
  readonly remarks: readonly string[];
  /** Names of stages that would find their work done. */
  readonly skipped: readonly string[];
}

/** @throws Failure for a lock that the build would refuse, and for none where it asks for one */
export async function foreseenPackages(
  caller: Caller,
  { spec, paths, packages }: Pick<Plan, 'spec' | 'paths' | 'packages'>,
): Promise<ForeseenPackages> {
  if (packages === undefined) return { remarks: [], skipped: [] };
  const lock = await lockThere(caller, packages);
  const remarks = [lockRemark(packages, lock)];
  if (!isBootstrapped(spec)) return { remarks, skipped: [] };
  const node = lock && (await readNode(spec.storeDir, nodeId(await inputsOfLock(spec, lock))));
  const tree = node === undefined ? 'a new layer' : `the layer ${node.layer}, which is there,`;
  return {
    remarks: [...remarks, `tree: ${tree} of ${spec.storeDir}`, `image: ${paths.image}`],
    skipped: node === undefined ? [] : ['bootstrap'],
  };
}

function lockRemark({ request, cache, path, policy }: WantedPackages, lock: PackageLock | undefined): string {
  if (lock === undefined) {
    const none = policy === 'ignore' ? 'no package lock is used' : `no package lock ${shownPath(path)}`;
    return `${none}: the newest packages, which 'image-factory lock ${flavoredName(request)}' would lock`;
  }
  const missing = lock.packages.filter((each) => !existsSync(pooled(cache.pool, each))).length;
  const found = missing === 0 ? 'all in the pool' : `${missing} of them to fetch`;
  return `package lock ${shownPath(path)}: ${lock.totals.packages} packages, ${found}`;
}

/** The call that makes the tree, as far as it is known in advance. */
export function treeCommand({ request }: WantedPackages): Command {
  const { packaging, architecture } = packagingOf(request.facts);
  const suite = suiteOf(request);
  return packaging === 'rpm'
    ? command('dnf', ['--installroot=TREE', `--forcearch=${architecture}`, 'install', 'PACKAGES'])
    : command('mmdebstrap', [`--architectures=${architecture}`, '--include=PACKAGES', suite, 'TREE', 'REPOSITORY']);
}
