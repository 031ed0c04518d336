import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { mountsHere } from '../../src/host/mounts.js';
import { openStore, type Store } from '../../src/layers/store.js';
import { program } from './demo-image.js';
import { testHost } from './host.js';

/** Skips tests that need root, and says what to run. */
export function rootOnly(context: Mocha.Context): void {
  if (process.getuid?.() === 0) return;
  console.log('    run the tests as root for those of mounts: sudo make check');
  context.skip();
}

/** A store in a temporary directory, and the program that uses it. */
export class TestStore {
  readonly directory: string;

  /** @param above the directory that it is made in */
  constructor(above = tmpdir()) {
    this.directory = mkdtempSync(join(above, 'image-factory-store-'));
    // Other users look into the stackpoints.
    chmodSync(this.directory, 0o755);
  }

  open(): Promise<Store> {
    return openStore(testHost(), this.directory);
  }

  get environment(): { IMAGE_FACTORY_STORE_DIR: string } {
    return { IMAGE_FACTORY_STORE_DIR: this.directory };
  }

  /** Runs the program; both outputs are in the result, whatever its exit code. */
  start(...words: string[]) {
    return execa(program, words, { reject: false, all: true, env: this.environment });
  }

  /** Runs the program. @throws if it fails */
  async run(...words: string[]): Promise<string> {
    const { exitCode, all, stdout } = await this.start(...words);
    if (exitCode !== 0) throw new Error(`${words.join(' ')}: exit code ${exitCode}:\n${all}`);
    return stdout;
  }

  async json<T>(...words: string[]): Promise<T> {
    return JSON.parse(await this.run(...words, '--json')) as T;
  }

  /** Every mount below it. */
  mounts(): string[] {
    return mountsHere()
      .map(({ mountPoint }) => mountPoint)
      .filter((path) => path.startsWith(`${this.directory}/`));
  }

  write(content: string, name: string): void {
    writeFileSync(join(this.directory, name), content);
  }

  read(...names: string[]): string {
    return readFileSync(join(this.directory, ...names), 'utf8');
  }

  /** Unmounts and removes it, whatever the test left. */
  async remove(): Promise<void> {
    for (const path of this.mounts().reverse()) await execa('umount', ['--lazy', path], { reject: false });
    rmSync(this.directory, { recursive: true, force: true });
  }
}
