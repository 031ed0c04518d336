import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { type AptMirror, field } from './apt-mirror.js';
import type { Program } from './udeb-recipes.js';

/** What the programs of the installer are compiled with: headers, and libraries to link to. */
const development = [
  ...['libparted-dev', 'libparted2t64', 'libparted-fs-resize0t64'],
  ...['libdebian-installer4-dev', 'libdebian-installer4', 'libdebconfclient0-dev', 'libdebconfclient0'],
];

/**
 * Releases whose sources are looked for: a mirror may lack that of the release itself, and these small programs have
 * hardly changed.
 */
const releases = ['trixie', 'forky', 'sid', 'bullseye'];

/** Compiles programs of the installer for arm64, on a machine of any architecture. */
export class CrossCompiler {
  #sysroot: Promise<string> | undefined;

  /** @param packageTree unpacks a package for arm64 and returns the directory */
  constructor(
    private readonly mirror: AptMirror,
    private readonly packageTree: (name: string) => Promise<string>,
    private readonly work: string,
  ) {}

  /** Compiles a program to its place below a directory. */
  async compile({ path, source, libraries }: Program, tree: string): Promise<void> {
    this.#sysroot ??= this.#unpackDevelopment();
    const sysroot = await this.#sysroot;
    const directory = await this.sourceTree(source);
    const { stdout } = await execa('find', [directory, '-name', `${path.replace(/.*\//, '')}.c`]);
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await execa('aarch64-linux-gnu-gcc', [
      ...['-Os', '-s', '-D_GNU_SOURCE', '-o', join(tree, path), stdout.trim()],
      ...[join(sysroot, 'usr/include'), join(sysroot, 'usr/include/aarch64-linux-gnu')].flatMap((include) => [
        '-isystem',
        include,
      ]),
      ...[`-L${join(sysroot, 'usr/lib/aarch64-linux-gnu')}`, ...libraries.map((name) => `-l${name}`)],
      // What the libraries themselves need is there when they are loaded.
      '-Wl,--allow-shlib-undefined',
    ]);
  }

  async #unpackDevelopment(): Promise<string> {
    const sysroot = join(this.work, 'sysroot');
    await mkdir(sysroot);
    for (const name of development) await execa('cp', ['-a', `${await this.packageTree(name)}/.`, sysroot]);
    return sysroot;
  }

  /** Unpacks a source package, once. */
  async sourceTree(source: string): Promise<string> {
    const tree = join(this.work, `${source}.source`);
    if (existsSync(tree)) return archiveRoot(tree);
    for (const release of releases) {
      const stanzas = await this.mirror.getIndex(`dists/${release}/main/source/Sources.xz`);
      const stanza = stanzas.find((each) => field(each, 'Package') === source) ?? '';
      const archive = /^ [0-9a-f]{64} \d+ (\S+\.tar\.\w+)$/m.exec(stanza)?.[1];
      const content = archive && (await this.mirror.get(`${field(stanza, 'Directory')}/${archive}`));
      if (!content) continue;
      await mkdir(tree);
      await execa('tar', ['-xJ', '-C', tree], { input: content });
      return archiveRoot(tree);
    }
    await rm(tree, { recursive: true, force: true });
    throw new Error(`the mirror has no source of ${source}`);
  }
}

/** The one directory of an unpacked archive. */
async function archiveRoot(tree: string): Promise<string> {
  const [root, ...others] = await readdir(tree);
  return root === undefined || others.length > 0 ? tree : join(tree, root);
}
