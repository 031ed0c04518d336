import { readFile } from 'node:fs/promises';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseOsRelease, type Distribution } from '../contents/distribution.js';
import { bootWays } from '../disk/boot-ways.js';
import { SystemFiles } from '../disk/system-files.js';
import { readSystem, rootVolume } from '../disk/system.js';
import { Volumes } from '../disk/volumes.js';
import type { Host } from '../host/host.js';
import { makeDirectory } from '../host/make-directory.js';
import { platformOf } from '../layers/export/platform.js';
import { goArchitecture } from '../layers/go-architecture.js';
import { architectureNamed } from '../machine/architectures.js';
import type { BundleDemand } from '../config/bundle-formats.js';

/** What targets ask of a system. */
export interface SystemFacts {
  readonly distribution: Distribution;
  /** As uname(1) says it: `x86_64`; undefined where no program tells. */
  readonly architecture: string | undefined;
  /** The demands that it meets. */
  readonly has: ReadonlySet<BundleDemand>;
  /** The newest kernel, as `uname -r` says it. */
  readonly kernel: string | undefined;
  /** Of a disk: `root=` for the kernel's command line. */
  readonly root?: string;
}

/** Files that tell whether a demand is met: one of them must be there. */
const telling = {
  'cloud-init': ['/usr/bin/cloud-init'],
  ssh: ['/usr/sbin/sshd', '/usr/sbin/dropbear'],
} as const;

/** Programs that tell the architecture; a disk is read without following links. */
const programs = ['bash', 'dash', 'busybox', 'env', 'sh'].flatMap((name) => [`/usr/bin/${name}`, `/bin/${name}`]);

/** Go's names of architectures that uname(1) calls otherwise. */
const unameOf: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  ppc64le: 'ppc64le',
  '386': 'i686',
  arm: 'armv7l',
};

/** Files of a system, wherever it lies. */
interface Files {
  /** Undefined if there is none. */
  read(path: string): Promise<Buffer | undefined>;
  names(directory: string): Promise<readonly string[]>;
}

/**
 * Reads the system on a raw disk; nothing is written to it.
 *
 * @param scratch a directory that is made for what is copied out
 */
export async function factsOfDisk(host: Host, disk: string, scratch: string): Promise<SystemFacts> {
  makeDirectory(scratch);
  return Volumes.use(host, disk, async (volumes) => {
    const system = await readSystem(volumes);
    const found = new SystemFiles(system, volumes);
    const files: Files = {
      names: (directory) => found.names(directory),
      async read(path) {
        const copy = join(scratch, path.replaceAll('/', '_'));
        return (await found.copyOut(path, copy)) ? readFile(copy) : undefined;
      },
    };
    const facts = await factsOf(files);
    const root = rootVolume(system);
    const architecture = facts.architecture === undefined ? undefined : architectureNamed(facts.architecture);
    const { ways } = await bootWays(volumes, system, architecture?.removableLoader ?? 'BOOTX64.EFI');
    const has = new Set<BundleDemand>([...facts.has, ...ways]);
    if (system.table.label === 'gpt') has.add('gpt');
    if (/^ext[34]$/.test(root.fileSystem ?? '')) has.add('ext');
    return { ...facts, has, ...(root.uuid === undefined ? {} : { root: `UUID=${root.uuid}` }) };
  });
}

/** @param trees of its layers, the topmost first */
export async function factsOfTrees(trees: readonly string[]): Promise<SystemFacts> {
  const place = (path: string) => trees.map((tree) => join(tree, path)).find((file) => existsSync(file));
  const facts = await factsOf({
    read: (path) => {
      const file = place(path);
      // A link could lead out of the tree.
      return Promise.resolve(file !== undefined && lstatSync(file).isFile() ? readFileSync(file) : undefined);
    },
    names: (directory) => {
      const there = place(directory);
      return Promise.resolve(there !== undefined && lstatSync(there).isDirectory() ? readdirSync(there) : []);
    },
  });
  const platform = platformOf(trees);
  const architecture = platform && (unameOf[platform.architecture] ?? platform.architecture);
  return { ...facts, architecture: architecture ?? facts.architecture };
}

async function factsOf(files: Files): Promise<SystemFacts> {
  const release = (await files.read('/usr/lib/os-release')) ?? (await files.read('/etc/os-release'));
  const kernels = (await files.names('/boot')).flatMap((name) => /^vmlinu[xz]-(.+)$/.exec(name)?.[1] ?? []);
  const has = new Set<BundleDemand>();
  if (kernels.length > 0) has.add('kernel');
  for (const [demand, paths] of Object.entries(telling)) {
    for (const path of paths) if ((await files.read(path)) !== undefined) has.add(demand as BundleDemand);
  }
  const accounts = (await files.read('/etc/passwd'))?.toString('latin1') ?? '';
  if (/^vagrant:/m.test(accounts)) has.add('vagrant-user');
  if (await hasSerialConsole(files)) has.add('serial-console');
  return {
    distribution: parseOsRelease(release?.toString() ?? ''),
    architecture: await architectureOf(files),
    has,
    kernel: [...kernels].sort(byVersion).at(-1),
  };
}

async function hasSerialConsole(files: Files): Promise<boolean> {
  for (const path of ['/boot/grub/grub.cfg', '/boot/grub2/grub.cfg', '/etc/kernel/cmdline', '/etc/default/grub']) {
    if (/console=(?:ttyS|ttyAMA|hvc)\d/.test((await files.read(path))?.toString('latin1') ?? '')) return true;
  }
  return false;
}

async function architectureOf(files: Files): Promise<string | undefined> {
  for (const path of programs) {
    const header = (await files.read(path))?.subarray(0, 20);
    const name = header && goArchitecture(header);
    if (name !== undefined) return unameOf[name] ?? name;
  }
  return undefined;
}

/** As `sort --version-sort` orders numbers: 6.9 comes before 6.12. */
function byVersion(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}
