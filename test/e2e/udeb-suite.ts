import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { execa } from 'execa';
import { type AptMirror, field, sha256 } from './apt-mirror.js';
import { CrossCompiler } from './cross-compiler.js';
import { recipes, type Recipe } from './udeb-recipes.js';

export interface UdebSuite {
  /** Where the mirror's root is, and the suite goes to `dists/<name>` and `pool-local` below it. */
  readonly root: string;
  readonly name: string;
  /** The suite whose udebs it takes, and whose packages it makes the missing ones from. */
  readonly source: string;
  /** As Debian calls it. */
  readonly architecture: string;
  /** Version of the netboot kernel. */
  readonly kernel: string;
  /** udebs in the netboot initrd, which nobody fetches. */
  readonly installed: ReadonlySet<string>;
}

/**
 * Publishes a suite of udebs that the mirror can really deliver: those it has, and those that can be made again from
 * its packages. A udeb that is neither is left out, and d-i does without.
 */
export async function publishUdebSuite(
  mirror: AptMirror,
  suite: UdebSuite,
): Promise<{ packed: string[]; leftOut: string[] }> {
  const dist = `dists/${suite.source}/main`;
  const debs = await mirror.getIndex(`${dist}/binary-${suite.architecture}/Packages.xz`);
  const index = await mirror.getIndex(`${dist}/debian-installer/binary-${suite.architecture}/Packages.xz`);
  const udebs = udebsOfKernel(suite.kernel, index);
  const delivered = await mapInGroups(
    udebs,
    16,
    async (udeb) => suite.installed.has(field(udeb, 'Package')) || (await mirror.has(field(udeb, 'Filename'))),
  );
  const published = udebs.filter((_, position) => delivered[position]);
  const missing = udebs.filter((_, position) => !delivered[position]);

  const known = recipes(suite.kernel);
  const packed: string[] = [];
  const leftOut: string[] = [];
  await inTemporaryDirectory(async (work) => {
    const packageTree = treesOf(mirror, debs, work);
    const twinTree = twinsOf(mirror, `${dist}/debian-installer/binary-amd64/Packages.xz`, work);
    const compiler = new CrossCompiler(mirror, packageTree, work);
    for (const udeb of missing) {
      const name = field(udeb, 'Package');
      const recipe = known.get(name);
      const tree = join(work, `${name}.udeb`);
      if (recipe) published.push(await pack(udeb, recipe, { packageTree, twinTree, compiler, tree, root: suite.root }));
      (recipe ? packed : leftOut).push(name);
    }
  });
  await writeIndex(suite, `${published.join('\n\n')}\n`);
  return { packed, leftOut };
}

/**
 * The udebs for this kernel, and those for any. A mirror that is being updated may have an index of udebs that is older
 * than its netboot files, and knows only other kernels: then those of the newest one stand for what is to be made again.
 */
function udebsOfKernel(kernel: string, index: readonly string[]): string[] {
  const kernels = new Set(index.map((udeb) => field(udeb, 'Kernel-Version')).filter((version) => version !== ''));
  const listed = kernels.has(kernel) ? kernel : newest(kernels);
  if (listed === undefined) throw new Error('the mirror lists no kernel modules for the installer');
  return index
    .filter((udeb) => ['', listed].includes(field(udeb, 'Kernel-Version')))
    .map((udeb) => udeb.replaceAll(listed, kernel));
}

function newest(versions: Iterable<string>): string | undefined {
  return [...versions].sort((one, other) => one.localeCompare(other, 'en', { numeric: true })).at(-1);
}

/** Finds a package by name and unpacks it, once. */
function treesOf(mirror: AptMirror, debs: readonly string[], work: string): (name: string) => Promise<string> {
  const stanzas = new Map(debs.map((deb) => [field(deb, 'Package'), deb]));
  return async (name) => {
    const tree = join(work, name);
    if (existsSync(tree)) return tree;
    const stanza = stanzas.get(name);
    if (!stanza) throw new Error(`the mirror has no package ${name}`);
    await execa('dpkg-deb', ['-x', '-', tree], { input: await mirror.getPackage(stanza) });
    return tree;
  };
}

/** Finds the udeb of that name for amd64, and unpacks it with its scripts. */
function twinsOf(mirror: AptMirror, index: string, work: string): (name: string) => Promise<string> {
  return async (name) => {
    const stanza = (await mirror.getIndex(index)).find((udeb) => field(udeb, 'Package') === name);
    if (!stanza) throw new Error(`the mirror has no ${name} for amd64`);
    const tree = join(work, `${name}.twin`);
    const file = join(work, `${name}.twin.udeb`);
    await writeFile(file, await mirror.getPackage(stanza));
    await execa('dpkg-deb', ['-R', file, tree]);
    return tree;
  };
}

/** Where the parts of a udeb come from, and where it is put together. */
interface Workshop {
  readonly packageTree: (name: string) => Promise<string>;
  readonly twinTree: (name: string) => Promise<string>;
  readonly compiler: CrossCompiler;
  readonly tree: string;
  readonly root: string;
}

/** @returns the stanza that stands for the new udeb in an index */
async function pack(
  udeb: string,
  { unpacked, scriptsOfTwin, programs = [], ownFiles = [], postinst }: Recipe,
  { packageTree, twinTree, compiler, tree, root }: Workshop,
): Promise<string> {
  const control = udeb.replace(/^(Filename|Size|MD5sum|SHA256): .*\n?/gm, '').trim();
  await mkdir(join(tree, 'DEBIAN'), { recursive: true });
  if (scriptsOfTwin) await copyScripts(await twinTree(field(udeb, 'Package')), tree);
  for (const program of programs) await compiler.compile(program, tree);
  for (const { path, source, file } of ownFiles)
    await cp(join(await compiler.sourceTree(source), file), join(tree, path));
  await writeFile(join(tree, 'DEBIAN/control'), `${control}\n`);
  if (postinst) await writeFile(join(tree, 'DEBIAN/postinst'), postinst, { mode: 0o755 });
  for (const name of unpacked?.packages ?? []) await copyMatching(await packageTree(name), unpacked!.files, tree);

  const path = `pool-local/${field(udeb, 'Package')}_${field(udeb, 'Architecture')}.udeb`;
  await mkdir(join(root, 'pool-local'), { recursive: true });
  await execa('dpkg-deb', ['--root-owner-group', '-Zxz', '-b', tree, join(root, path)]);
  const content = await readFile(join(root, path));
  return `${control}\nFilename: ${path}\nSize: ${content.length}\nSHA256: ${sha256(content)}`;
}

/** Copies files whose path is wanted from one tree to another, symbolic links as they are. */
async function copyMatching(from: string, wanted: RegExp, to: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    const source = join(entry.parentPath, entry.name);
    if (entry.isDirectory() || !wanted.test(source)) continue;
    await cp(source, join(to, relative(from, source)), { verbatimSymlinks: true, preserveTimestamps: true });
  }
}

/** Copies what no compiler made. */
async function copyScripts(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    const source = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) continue;
    if (entry.isFile() && (await readFile(source)).subarray(0, 4).toString('latin1') === '\x7fELF') continue;
    await cp(source, join(to, relative(from, source)), { verbatimSymlinks: true, preserveTimestamps: true });
  }
}

async function writeIndex(suite: UdebSuite, index: string): Promise<void> {
  const path = `main/debian-installer/binary-${suite.architecture}/Packages.gz`;
  const directory = join(suite.root, 'dists', suite.name);
  const content = gzipSync(index);
  await mkdir(dirname(join(directory, path)), { recursive: true });
  await writeFile(join(directory, path), content);
  const release = [
    `Suite: ${suite.name}`,
    `Codename: ${suite.name}`,
    `Architectures: ${suite.architecture}`,
    'Components: main',
    'SHA256:',
    ` ${sha256(content)} ${content.length} ${path}`,
    '',
  ];
  await writeFile(join(directory, 'Release'), release.join('\n'));
}

async function inTemporaryDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'udebs-'));
  try {
    await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Like Array.map for what takes time, a few at a time. */
export async function mapInGroups<T, R>(items: readonly T[], size: number, map: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += size) {
    results.push(...(await Promise.all(items.slice(start, start + size).map(map))));
  }
  return results;
}
