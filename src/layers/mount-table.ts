import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { mountsHere } from '../host/mounts.js';
import type { Store } from './store.js';

/** What uses an upper directory: an instance, or a layer that is edited. */
export type Mounted =
  | { readonly instance: string }
  | { readonly layer: string }
  | { readonly view: string }
  /** What is being made, in a directory of `staging` of that name. */
  | { readonly staging: string };

/**
 * The source that a mount of ours has in mount tables. It holds device and inode of the store, so that the same name in
 * another store, or in a copy of this one, is not taken for this one's.
 */
export function sourceOf(store: Store, mounted: Mounted): string {
  const { dev, ino } = statSync(store.directory);
  const what = Object.entries(mounted).map(([kind, name]) => `${kind}/${name}`);
  return `image-factory:${dev.toString(16)}-${ino}/${what.join('')}`;
}

/** The mount points of a source that this process sees. */
export function mountPointsOf(store: Store, mounted: Mounted): string[] {
  const source = sourceOf(store, mounted);
  return mountsHere()
    .filter((mount) => mount.type === 'overlay' && mount.source === source)
    .map(({ mountPoint }) => mountPoint);
}

/**
 * A process that sees a mount of the source, in whatever mount namespace: that of `edit -- COMMAND` or `run`, of a service
 * with RootDirectory=, of a container. An ordinary user sees only those of their own.
 *
 * The kernel does not refuse to mount an upper directory twice, and loses data then: overlayfs's documentation,
 * "Sharing and copying layers".
 *
 * @returns its process id; undefined if there is none
 */
export function userOf(store: Store, mounted: Mounted): number | undefined {
  const source = sourceOf(store, mounted);
  const seen = new Set<string>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const namespace = readlinkSync(`/proc/${pid}/ns/mnt`);
      if (seen.has(namespace)) continue;
      seen.add(namespace);
      if (readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(` overlay ${source} `)) return Number(pid);
    } catch {
      // It has ended, or belongs to another user.
    }
  }
  return undefined;
}

/** The processes whose current directory, root or open files are below a directory: `process 123 (nginx)`. */
export function processesBelow(directory: string): string[] {
  const isBelow = (path: string) => path === directory || path.startsWith(`${directory}/`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => pathsOf(pid).some(isBelow))
    .map((pid) => `process ${pid} (${nameOf(pid)})`);
}

function pathsOf(pid: string): string[] {
  const link = (name: string) => {
    try {
      return [readlinkSync(`/proc/${pid}/${name}`)];
    } catch {
      return [];
    }
  };
  try {
    const files = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => link(`fd/${fd}`));
    return [...link('cwd'), ...link('root'), ...link('exe'), ...files];
  } catch {
    return [];
  }
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'ended';
  }
}
