import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { mountsHere } from '../../src/host/mounts.js';
import { program as call } from './disk.js';
import { program } from './demo-image.js';
import { treeOfShell } from './tree-of-shell.js';

/** A directory with a small tree, what makes it look bootable, and what is derived from it. */
export class DerivedImages {
  readonly directory = mkdtempSync(join(tmpdir(), 'image-factory-derived-'));

  /** @param configuration `t.conf`; `file:tree` is the tree, and the directory `kernel` has files that count as a kernel */
  constructor(configuration: string) {
    for (const name of ['kernel/boot', 'out', 'store', 'tmp'])
      mkdirSync(join(this.directory, name), { recursive: true });
    treeOfShell(join(this.directory, 'tree'));
    // By it the architecture of the tree is known.
    call('cp', [join(this.directory, 'tree/usr/bin/sh'), join(this.directory, 'tree/usr/bin/dash')]);
    for (const name of ['vmlinuz-1', 'initrd.img-1']) this.write(`kernel/boot/${name}`, `${name}\n`);
    this.write('t.conf', configuration);
  }

  write(name: string, text: string | Buffer): void {
    writeFileSync(join(this.directory, name), text);
  }

  build(...words: string[]): Promise<{ readonly exitCode: number | undefined; readonly all: string }> {
    return this.run(...words, '--cache-dir', join(this.directory, 'cache'));
  }

  /** Calls the program with this configuration. */
  async run(...words: string[]): Promise<{ readonly exitCode: number | undefined; readonly all: string }> {
    const { exitCode, all } = await execa(program, words, {
      cwd: this.directory,
      env: {
        IMAGE_FACTORY_STORE_DIR: join(this.directory, 'store'),
        IMAGE_FACTORY_CONFIG: 't.conf',
        TMPDIR: join(this.directory, 'tmp'),
      },
      reject: false,
      all: true,
    });
    return { exitCode, all: String(all) };
  }

  /** The path of what was made; empty if there is none. */
  made(pattern: RegExp): string {
    const name = readdirSync(join(this.directory, 'out')).find((each) => pattern.test(each));
    return name === undefined ? '' : join(this.directory, 'out', name);
  }

  /** No half tree, mount, scratch file or work directory. */
  expectNothingLeft(): void {
    const names = (path: string) =>
      existsSync(join(this.directory, path)) ? readdirSync(join(this.directory, path)) : [];
    expect(names('store/staging')).to.deep.equal([]);
    expect(names('store/nodes').filter((name) => name.startsWith('.'))).to.deep.equal([]);
    expect(names('out').filter((name) => /^\..*(build|part|raw)/.test(name))).to.deep.equal([]);
    expect(names('tmp')).to.deep.equal([]);
    const inside = mountsHere().map(({ mountPoint }) => mountPoint.slice(this.directory.length + 1));
    expect(inside.filter((path) => /^(store|out)\/./.test(path))).to.deep.equal([]);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
