import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../host/failure.js';
import { command, insistently, run } from '../host/host.js';
import type { Layer } from './layers.js';
import { mountPointsOf, processesBelow, sourceOf, userOf, type Mounted } from './mount-table.js';
import { within, type Store } from './store.js';

/** The most layers in one mount: overlayfs stacks 500 (OVL_MAX_STACK in the kernel), and the empty one is below all. */
export const mostLayers = 499;

/** What to mount. All paths are relative to `l/` in the store: 500 absolute ones would not fit into a page. */
export interface Overlay {
  readonly mounted: Mounted;
  /** The layers, the topmost first. */
  readonly layers: readonly Layer[];
  /** Where changes go, and overlayfs's own directory; without them it is mounted read-only. */
  readonly changes?: { readonly upper: string; readonly work: string };
  readonly at: string;
}

/**
 * Mounts layers over each other. What has a place in the store is mounted by {@link changing}, so that no other process
 * mounts the same meanwhile; what lies in `staging` is its process's own.
 *
 * `index` and `metacopy` are off, so that a store can be copied and moved. `redirect_dir=nofollow` follows no redirects
 * that a layer brings from elsewhere. LIBMOUNT_FORCE_MOUNT2: with the new mount API, which util-linux uses since 2.39,
 * the value of an option has at most 256 bytes.
 *
 * @throws Failure if it is in use already, or the kernel refuses
 */
export async function mountOverlay(store: Store, { mounted, layers, changes, at }: Overlay): Promise<void> {
  if (layers.length > mostLayers) {
    throw new Failure(`${nameOf(mounted)}: ${layers.length} layers, and overlayfs stacks at most ${mostLayers}`, {
      hint: "Make one layer of several: 'image-factory layer export --flatten', then 'layer import'.",
    });
  }
  if (changes && !('staging' in mounted)) expectUnused(store, mounted);
  const options = [
    ...(changes ? [] : ['ro']),
    `lowerdir=${[...layers.map(({ number }) => number), 'empty'].join(':')}`,
    ...(changes ? [`upperdir=${changes.upper}`, `workdir=${changes.work}`] : []),
    ...['index=off', 'metacopy=off', 'redirect_dir=nofollow'],
    ...(store.dialect === 'user' ? ['userxattr'] : []),
  ];
  const cwd = within(store, 'l');
  const env = { LIBMOUNT_FORCE_MOUNT2: 'always' };
  await run(
    store.host,
    command('mount', ['-t', 'overlay', '-o', options.join(','), sourceOf(store, mounted), at], { cwd, env }),
  );
  try {
    await readdir(join(cwd, at));
  } catch (error) {
    await unmount(store, mounted);
    throw error;
  }
}

/** @throws Failure that names a process in whose sight it is mounted */
export function expectUnused(store: Store, mounted: Mounted): void {
  const user = userOf(store, mounted);
  if (user === undefined) return;
  throw new Failure(`${nameOf(mounted)} is mounted already, for process ${user}`, {
    hint: 'Wait for it to finish, or stop it.',
  });
}

/** @throws Failure that names the processes that use it, if there are any: then it stays mounted */
export async function unmount(store: Store, mounted: Mounted): Promise<void> {
  for (const mountPoint of mountPointsOf(store, mounted)) {
    try {
      await run(insistently(store.host), command('umount', ['--', mountPoint]));
    } catch (error) {
      const users = processesBelow(mountPoint);
      if (users.length === 0) throw error;
      throw new Failure(`${nameOf(mounted)} is in use by ${users.join(', ')}: ${mountPoint}`, {
        hint: 'Stop them, or let them leave the directory, and try again.',
        cause: error,
      });
    }
  }
}

/** For messages. */
export function nameOf(mounted: Mounted): string {
  if ('instance' in mounted) return `instance ${mounted.instance}`;
  if ('staging' in mounted) return `the tree that is being made in staging/${mounted.staging}`;
  return `layer '${'layer' in mounted ? mounted.layer : mounted.view}'`;
}
