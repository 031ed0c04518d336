import { access, constants, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kernelsIn } from '../disk/make/boot/kernels.js';
import { Failure } from '../host/failure.js';
import { pathInTree } from '../sandbox/tree-path.js';

/** A kernel that a machine of ours can start. */
export interface GuestKernel {
  readonly version: string;
  /** A file of this machine. */
  readonly image: string;
  /** What must be loaded, in this order: files of this machine. */
  readonly modules: readonly string[];
}

/** Disks, network, the channel to this machine, file systems. What is built into a kernel is not loaded. */
const needed = ['virtio_pci', 'virtio_blk', 'virtio_console', 'virtio_net', 'ext4', 'overlay'];

/** What some kernels ask for by another name, or do without. */
const wanted = ['crc32c_generic', 'virtio_rng'];

/** For guests that read disks of others: as far as a kernel has them. */
const modulesForDisks = ['loop', 'vfat', 'nls_cp437', 'nls_ascii', 'nls_iso8859_1', 'xfs', 'btrfs'];

interface KernelOptions {
  /** The root directory of this machine. */
  readonly here?: string;
  /** Modules that are loaded as well, as far as a kernel has them. */
  readonly further?: readonly string[];
  /** Where they are closed, a virtual machine is no choice of the user's, and can't be avoided by `derive-in`. */
  readonly namespaces?: 'open' | 'closed';
}

/**
 * The kernel with which a machine of its own works in the store: that of an installed system, or of this machine. It is
 * started where namespaces are closed.
 *
 * @throws Failure as {@link kernelFor}
 */
export function kernelForStore(tree: string): Promise<GuestKernel> {
  return kernelFor(tree, 'the installed system', { further: modulesForDisks, namespaces: 'closed' });
}

/**
 * The newest kernel of a tree, or of this machine where the tree has none that will do.
 *
 * @throws Failure that says what each of them lacks
 */
export async function kernelFor(
  tree: string,
  what: string,
  { here = '/', further = [], namespaces = 'open' }: KernelOptions = {},
): Promise<GuestKernel> {
  const reasons: string[] = [];
  const found =
    (await kernelOf(tree, what, reasons, further)) ?? (await kernelOf(here, 'this machine', reasons, further));
  if (found !== undefined) return found;
  const lacking = `there is no kernel to start a virtual machine with: ${reasons.join('; ')}`;
  const install = 'linux-image-amd64 in Debian';
  if (namespaces === 'open') {
    throw new Failure(`derive-in = vm: ${lacking}`, {
      hint: `Install a kernel with its modules in the parent (${install}) or on this machine, where you may read it; or use derive-in = namespace.`,
    });
  }
  throw new Failure(`namespaces are closed here, and ${lacking}`, {
    hint: `Open namespaces, as 'image-factory doctor' says; or derive from an installed disk with a kernel (${install}), or install one on this machine, where you may read it.`,
  });
}

/** Whether {@link kernelFor} finds a kernel on this machine, whatever the tree has. */
export async function hasKernel(here = '/'): Promise<boolean> {
  return (await kernelOf(here, 'this machine', [], [])) !== undefined;
}

/** The newest kernel of a root directory that will do; undefined with the reasons why none does. */
async function kernelOf(
  root: string,
  whose: string,
  reasons: string[],
  further: readonly string[],
): Promise<GuestKernel | undefined> {
  const found = await kernelsOf(root);
  if (found.length === 0) reasons.push(`${whose} has no kernel in /boot`);
  for (const { version, image } of found) {
    const lacking = await modulesOf(root, version, further);
    if (!(await isReadable(image))) reasons.push(`${whose}: you may not read ${image}`);
    else if ('lacks' in lacking) reasons.push(`${whose}: kernel ${version} ${lacking.lacks}`);
    else return { version, image, modules: lacking.modules };
  }
  return undefined;
}

async function kernelsOf(root: string): Promise<{ readonly version: string; readonly image: string }[]> {
  const boot = await pathInTree(root, '/boot');
  const entries = await readdir(boot, { withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => ({ path: `boot/${name}`, kind: 'f' }));
  return kernelsIn(files).map(({ version, image }) => ({ version, image: join(boot, image.slice('/boot'.length)) }));
}

async function modulesOf(
  root: string,
  version: string,
  further: readonly string[],
): Promise<{ readonly modules: readonly string[] } | { readonly lacks: string }> {
  const directory = await pathInTree(root, `/lib/modules/${version}`);
  const read = (name: string) => readFile(join(directory, name), 'utf8').catch(() => '');
  const builtIn = new Set((await read('modules.builtin')).split('\n').map(moduleName));
  const files = new Map<string, { readonly file: string; readonly below: readonly string[] }>();
  for (const line of (await read('modules.dep')).split('\n')) {
    const [file, below = ''] = line.split(':');
    if (file === undefined || file === '') continue;
    files.set(moduleName(file), { file, below: below.trim().split(/\s+/).filter(Boolean) });
  }
  if (files.size === 0 && builtIn.size <= 1) return { lacks: `has no modules in /lib/modules/${version}` };
  const lacks = needed.filter((name) => !files.has(name) && !builtIn.has(name));
  if (lacks.length > 0) return { lacks: `has no ${lacks.join(', ')}` };
  const order = new Set<string>();
  const load = (name: string): void => {
    const found = files.get(name);
    if (found === undefined || order.has(join(directory, found.file))) return;
    for (const each of found.below) load(moduleName(each));
    order.add(join(directory, found.file));
  };
  [...wanted, ...needed, ...further].forEach(load);
  return { modules: [...order] };
}

/** `kernel/fs/ext4/ext4.ko.xz` is `ext4`; `-` and `_` are the same in names of modules. */
function moduleName(file: string): string {
  return (file.split('/').at(-1) ?? '').replace(/\.ko(\.\w+)?$/, '').replaceAll('-', '_');
}

async function isReadable(file: string): Promise<boolean> {
  return access(file, constants.R_OK).then(
    () => true,
    () => false,
  );
}
