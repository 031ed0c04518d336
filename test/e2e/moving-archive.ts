import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { execa } from 'execa';
import { AptMirror, field, sha256 } from './apt-mirror.js';
import { mapInGroups } from './udeb-suite.js';
import { udebSuite, type MirroredArchitecture } from './debian-mirror.js';

/**
 * A suite of a prepared mirror (see `debian-mirror.ts`) that has what Debian's has, with the components of the installer, and that
 * moves on: a package appears in a newer version. A key of its own signs it.
 */
export class MovingArchive {
  /** As `package-sources` and `udeb-suite` name it. */
  readonly suite = 'trixie-moving';
  readonly keyring: string;

  private constructor(
    private readonly root: string,
    private readonly home: string,
    private readonly architecture: MirroredArchitecture,
    private readonly stanzas: readonly string[],
    private readonly udebs: string,
  ) {
    this.keyring = join(home, 'keyring.asc');
  }

  /** @param directory of a prepared mirror */
  static async open(directory: string, architecture: MirroredArchitecture): Promise<MovingArchive> {
    const root = join(directory, 'debian');
    const mirror = await AptMirror.open(root);
    const stanzas = await mirror.getIndex(`dists/trixie/main/binary-${architecture}/Packages.xz`);
    const index = `dists/${udebSuite(architecture)}/main/debian-installer/binary-${architecture}/Packages.gz`;
    const listed = gunzipSync(await readFile(join(root, index)))
      .toString()
      .split(/\n{2,}/)
      .filter((each) => each.trim() !== '');
    // The suite of a prepared mirror lists what the netboot initrd has already, which the mirror may lack.
    const delivered = await mapInGroups(listed, 8, (each) => mirror.has(field(each, 'Filename')));
    const udebs = `${listed.filter((_, at) => delivered[at]).join('\n\n')}\n`;
    const home = await mkdtemp(join(tmpdir(), 'moving-archive-'));
    const archive = new MovingArchive(root, home, architecture, stanzas, udebs);
    const made = ['--quick-generate-key', 'Archive of a test', 'ed25519', 'sign', 'never'];
    await archive.#gpg(['--passphrase', '', ...made]);
    await writeFile(archive.keyring, (await archive.#gpg(['--armor', '--export'])).stdout);
    return archive;
  }

  async remove(): Promise<void> {
    await execa('gpgconf', ['--homedir', this.home, '--kill', 'all'], { reject: false });
    await rm(this.home, { recursive: true, force: true });
    await rm(join(this.root, 'dists', this.suite), { recursive: true, force: true });
  }

  /** Publishes the suite as of a day. @param newer packages that it has in the version `9:1` as well */
  async publish(date: string, newer: readonly string[] = []): Promise<void> {
    const further: string[] = [];
    for (const name of newer) further.push(await this.#newer(name));
    const indexes = {
      [`main/binary-${this.architecture}`]: `${[...this.stanzas, ...further].join('\n\n')}\n`,
      [`main/debian-installer/binary-${this.architecture}`]: this.udebs,
    };
    const dist = join(this.root, 'dists', this.suite);
    const sums: string[] = [];
    for (const [path, text] of Object.entries(indexes)) {
      const content = gzipSync(text, { level: 1 });
      await mkdir(join(dist, path), { recursive: true });
      await writeFile(join(dist, path, 'Packages.gz'), content);
      sums.push(` ${sha256(content)} ${content.length} ${path}/Packages.gz`);
      sums.push(` ${sha256(text)} ${Buffer.byteLength(text)} ${path}/Packages`);
    }
    const names = [`Suite: ${this.suite}`, `Codename: ${this.suite}`, `Date: ${date}`];
    const holds = [`Architectures: ${this.architecture}`, 'Components: main'];
    const release = [...names, ...holds, 'SHA256:', ...sums, ''].join('\n');
    const { stdout } = await this.#gpg(['--clearsign', '--output', '-'], release);
    await writeFile(join(dist, 'InRelease'), `${stdout}\n`);
  }

  /** @returns the stanza of a package in a later version, whose file is there */
  async #newer(name: string): Promise<string> {
    const stanza = this.stanzas.find((each) => field(each, 'Package') === name);
    if (stanza === undefined) throw new Error(`trixie has no package ${name}`);
    const tree = join(this.home, name);
    const path = `pool-local/${name}_1_${field(stanza, 'Architecture')}.deb`;
    const mirror = await AptMirror.open(this.root);
    const file = join(this.home, `${name}.deb`);
    await writeFile(file, await mirror.getPackage(stanza));
    await execa('dpkg-deb', ['-R', file, tree]);
    const control = await readFile(join(tree, 'DEBIAN/control'), 'utf8');
    await writeFile(join(tree, 'DEBIAN/control'), control.replace(/^Version: .*$/m, 'Version: 9:1'));
    await execa('dpkg-deb', ['--root-owner-group', '-Zgzip', '-b', tree, join(this.root, path)]);
    await rm(tree, { recursive: true });
    const content = await readFile(join(this.root, path));
    return stanza
      .replace(/^Version: .*$/m, 'Version: 9:1')
      .replace(/^Filename: .*$/m, `Filename: ${path}`)
      .replace(/^Size: .*$/m, `Size: ${content.length}`)
      .replace(/^SHA256: .*$/m, `SHA256: ${sha256(content)}`)
      .replace(/^MD5sum: .*\n/m, '');
  }

  #gpg(words: readonly string[], input?: string) {
    const args = ['--homedir', this.home, '--batch', '--quiet', ...words];
    return execa('gpg', args, input === undefined ? {} : { input });
  }
}
