import { createHash } from 'node:crypto';
import type { BootstrapSpec } from '../config/image-spec.js';
import { UsageError } from '../host/failure.js';
import { differingInputs, nodeId, nodesOf, readNode, type NodeInputs, type NodeRecord } from '../nodes/record.js';
import { lockDigest, readLock, type PackageLock } from '../packages/lock-file.js';
import { firstSettings } from './first-settings.js';

/** How an image stands that is made of packages. */
export type Bootstrapped =
  | { readonly state: 'fresh'; readonly node: NodeRecord }
  | { readonly state: 'stale'; readonly differing: readonly string[] }
  | { readonly state: 'not built' };

/**
 * What the tree of such an image is made of.
 *
 * @throws UsageError for options with a mistake
 */
export async function inputsOfLock(spec: BootstrapSpec, lock: PackageLock): Promise<NodeInputs> {
  const { golden, goldenExcept, variables } = spec;
  const sum = (text: string) => createHash('sha256').update(text).digest('hex');
  return {
    lock: lockDigest(lock),
    arch: lock.architecture,
    settings: sum(await firstSettings(spec, lock.packaging)),
    'package-sources': sum(variables['package-sources'] ?? variables['package_sources'] ?? ''),
    ...(golden === 'fix' ? {} : { golden: 'off' }),
    ...(golden === 'fix' && goldenExcept.length > 0 ? { 'golden-except': goldenExcept.toSorted().join(',') } : {}),
  };
}

/**
 * How such an image stands, from its lock and the store. Without a lock, what the archives have now is not asked: its newest
 * tree counts, unless a lock is required.
 */
export async function bootstrappedOf(spec: BootstrapSpec): Promise<Bootstrapped> {
  const lock = spec.packageLock === 'ignore' ? undefined : readLock(spec.origin.lockFile);
  const [newest] = await nodesOf(spec.storeDir, spec.name);
  if (lock === undefined) {
    const counts = newest !== undefined && spec.packageLock !== 'required';
    return counts ? { state: 'fresh', node: newest } : { state: 'not built' };
  }
  const inputs = await inputsOfLock(spec, lock).catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    return undefined;
  });
  // What is wrong with its options, its build tells.
  if (inputs === undefined) {
    return newest === undefined ? { state: 'not built' } : { state: 'stale', differing: ['settings'] };
  }
  const node = await readNode(spec.storeDir, nodeId(inputs));
  if (node !== undefined) return { state: 'fresh', node };
  if (newest === undefined) return { state: 'not built' };
  return { state: 'stale', differing: differingInputs(newest.inputs, inputs) };
}
