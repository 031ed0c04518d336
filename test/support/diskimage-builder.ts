import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { AptMirror, sha256 } from '../e2e/apt-mirror.js';

/**
 * The release whose elements work on Debian 13: that of Debian 14. Debian 13's own `base` and `cloud-init` fail there.
 * It is for all architectures, and needs only be unpacked.
 */
const file = 'pool/main/p/python-diskimage-builder/python3-diskimage-builder_3.40.2-3_all.deb';
const sum = 'aa241c0030e9353de95018905a8747123e07267f45838c78e2bc7e307b2c772a';

/** diskimage-builder as Debian packages it, unpacked. */
export interface UnpackedBuilder {
  /** Its own elements. */
  readonly elements: string;
  /** Its Python package. */
  readonly python: string;
  remove(): void;
}

/** @throws Error if the mirror does not have it */
export async function unpackedBuilder(): Promise<UnpackedBuilder> {
  const directory = mkdtempSync(join(tmpdir(), 'diskimage-builder-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    const content = await (await AptMirror.open(join(directory, 'mirror'))).get(file);
    if (content === undefined) throw new Error(`the mirror lacks ${file}`);
    if (sha256(content) !== sum) throw new Error(`${file} is not what it was`);
    writeFileSync(join(directory, 'package.deb'), content);
    await execa('dpkg-deb', ['-x', 'package.deb', '.'], { cwd: directory });
  } catch (error) {
    remove();
    throw error;
  }
  const python = join(directory, 'usr/lib/python3/dist-packages');
  return { elements: join(python, 'diskimage_builder/elements'), python, remove };
}

/** For a suite that needs it: undefined, with the reason said, where the mirror can't be reached. */
export async function unpackedBuilderOrSkip(suite: Mocha.Context): Promise<UnpackedBuilder> {
  try {
    return await unpackedBuilder();
  } catch (error) {
    console.log(`      skipped: diskimage-builder can't be had: ${(error as Error).message.split('\n')[0]}`);
    return suite.skip();
  }
}
