import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'ini';
import { stringify } from 'yaml';
import { errnoOf } from '../host/errno.js';
import { Failure } from '../host/failure.js';
import { programPath, findExecutable } from '../host/programs.js';
import { pathInTree } from '../sandbox/tree-path.js';
import type { DiskimageBuilder } from './element-path.js';
import type { ParentSystem } from './parent-system.js';
import type { ElementPlan } from './plan.js';

/** What hooks may rely on beside what the build's own directories are. */
export interface BuildFacts {
  /** As `-o` has it; hooks name files after it. */
  readonly imageName: string;
  /** As Debian calls it: `amd64`. */
  readonly arch: string;
  /** Of the file system that will hold the root directory. */
  readonly rootLabel: string;
  readonly rootFileSystem: string;
  readonly bootLabel?: string;
  /** Of the layout, in the order of its fstab. */
  readonly mountPoints: readonly string[];
}

/** The directories of one run of the phases. */
export interface BuildDirectories {
  /** Holds the hooks, and the place at which the tree is mounted. */
  readonly build: string;
  readonly hooks: string;
  readonly image: string;
  readonly cache: string;
  readonly locks: string;
}

/** What the build sets beside what it was asked for. */
const ourVariables = ['DIB_APT_LOCAL_CACHE', 'DIB_DISABLE_APT_CLEANUP'];

/**
 * The environment of the hooks: the caller's own, with what diskimage-builder sets (`declare -p`, as it records it, in
 * DIB_ENV).
 */
export function hookEnvironment(
  caller: NodeJS.ProcessEnv,
  facts: BuildFacts,
  directories: BuildDirectories,
  plan: ElementPlan & { readonly path: { readonly builder: DiskimageBuilder } },
): NodeJS.ProcessEnv {
  const { builder } = plan.path;
  const ours = Object.keys(caller).filter((name) => name.startsWith('IMAGE_FACTORY_'));
  const recorded = Object.entries(caller)
    .filter(([name]) => name.startsWith('DIB_') && !ourVariables.includes(name))
    .map(([name, value]) => `declare -- ${name}=${JSON.stringify(value ?? '')}`);
  const defaults = {
    DIB_DEBUG_TRACE: '0',
    DIB_OFFLINE: '',
    DIB_DEFAULT_INSTALLTYPE: 'source',
    DIB_PYTHON_EXEC: findExecutable('python3') ?? 'python3',
    DIB_ARGS: plan.elements.map(({ name }) => name).join(' '),
    DIB_CHECKSUM: '0',
    FS_TYPE: facts.rootFileSystem,
  };
  const byName = Object.fromEntries(plan.elements.map(({ name, directory }) => [name, directory]));
  return {
    ...defaults,
    ...caller,
    ...Object.fromEntries(ours.map((name) => [name, undefined])),
    LC_ALL: 'C',
    PATH: programPath(caller.PATH),
    PYTHONPATH: [builder.pythonPath, caller.PYTHONPATH].filter(Boolean).join(':'),
    PYTHONDONTWRITEBYTECODE: '1',
    _LIB: builder.lib,
    ELEMENTS_PATH: plan.path.directories.join(':'),
    IMAGE_ELEMENT: plan.elements.map(({ name }) => name).join(' '),
    IMAGE_ELEMENT_YAML: stringify(byName),
    ARCH: facts.arch,
    IMAGE_NAME: facts.imageName,
    DIB_ENV: recorded.join('\n'),
    DIB_ROOT_LABEL: facts.rootLabel,
    DIB_ROOT_FSTYPE: facts.rootFileSystem,
    DIB_BOOT_LABEL: facts.bootLabel ?? '',
    DIB_MOUNTPOINTS: facts.mountPoints.join('|'),
    DIB_IMAGE_CACHE: directories.cache,
    DIB_LOCKFILES: directories.locks,
    TMP_BUILD_DIR: directories.build,
    TMP_MOUNT_PATH: join(directories.build, 'mnt'),
    TMP_HOOKS_PATH: directories.hooks,
    TMP_IMAGE_DIR: directories.image,
  };
}

/**
 * Which system is in a tree. Where that lies is nothing that the user has named: it may be mounted for the build alone.
 *
 * @param layers the tree, or its layers from the top where it is not mounted
 * @throws Failure if it has no os-release(5)
 */
export async function systemIn(...layers: readonly string[]): Promise<ParentSystem> {
  const places = layers.flatMap((tree) => ['/usr/lib/os-release', '/etc/os-release'].map((name) => ({ tree, name })));
  for (const { tree, name } of places) {
    try {
      const text = await readFile(await pathInTree(tree, name), 'utf8');
      const { ID, VERSION_CODENAME } = parse(text) as Record<string, string>;
      return { id: ID ?? 'linux', codename: VERSION_CODENAME ?? '' };
    } catch (error) {
      if (errnoOf(error)?.code !== 'ENOENT') throw error;
    }
  }
  throw new Failure('the parent has no /usr/lib/os-release: it is no system on which elements can be run');
}

/** What a tree's own fstab(5) says of the disk that will hold it. */
export function factsOfTree(tree: string): Pick<BuildFacts, 'rootLabel' | 'rootFileSystem' | 'mountPoints'> {
  const lines = textOf(join(tree, 'etc/fstab'))
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
    .filter(([, mountPoint]) => mountPoint?.startsWith('/') ?? false);
  const root = lines.find(([, mountPoint]) => mountPoint === '/');
  return {
    rootLabel: /^LABEL=(.*)$/.exec(root?.[0] ?? '')?.[1] ?? 'cloudimg-rootfs',
    rootFileSystem: root?.[2] ?? 'ext4',
    mountPoints: lines.length === 0 ? ['/'] : lines.map(([, mountPoint = '/']) => mountPoint),
  };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
