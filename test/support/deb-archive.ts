import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/** A package of a made archive. */
export interface MadePackage {
  readonly name: string;
  readonly version?: string;
  readonly architecture?: string;
  /** Whether it is a component of debian-installer. */
  readonly isUdeb?: boolean;
  /** Further fields of its control file: `Depends: a, b`. */
  readonly fields?: readonly string[];
  /** The content of its one file. */
  readonly content?: string;
}

/** An archive of Debian packages in a directory, signed with a key of its own. */
export class DebArchive {
  readonly directory: string;
  readonly keyring: string;
  readonly #home: string;
  readonly #built = new Map<string, string>();

  private constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'archive-'));
    this.#home = mkdtempSync(join(tmpdir(), 'gpg-'));
    this.keyring = join(this.directory, 'key.asc');
  }

  static async make(): Promise<DebArchive> {
    const archive = new DebArchive();
    const made = ['--quick-generate-key', 'Archive of a test', 'ed25519', 'sign', 'never'];
    await archive.#gpg(['--passphrase', '', ...made]);
    writeFileSync(archive.keyring, (await archive.#gpg(['--armor', '--export'])).stdout);
    return archive;
  }

  /** As `package-sources` names it. */
  get url(): string {
    return `file:${this.directory}`;
  }

  async remove(): Promise<void> {
    await execa('gpgconf', ['--homedir', this.#home, '--kill', 'all'], { reject: false });
    rmSync(this.#home, { recursive: true, force: true });
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Publishes a suite with these packages and no others. @param date of its Release file */
  async publish(
    suite: string,
    packages: readonly MadePackage[],
    date = 'Thu, 26 Nov 2026 12:00:00 UTC',
    further: readonly string[] = [],
  ): Promise<void> {
    const architectures = [...new Set(packages.map(({ architecture = 'amd64' }) => architecture))].filter(
      (each) => each !== 'all',
    );
    const sums: string[] = [];
    for (const architecture of architectures) {
      const own = packages.filter((each) => [architecture, 'all'].includes(each.architecture ?? 'amd64'));
      for (const component of ['main', 'main/debian-installer']) {
        const stanzas: string[] = [];
        const held = own.filter(({ isUdeb = false }) => isUdeb === component.includes('/'));
        for (const each of held) stanzas.push(await this.#build(each));
        if (stanzas.length === 0) continue;
        const path = `${component}/binary-${architecture}/Packages`;
        const index = `${stanzas.join('\n\n')}\n`;
        mkdirSync(join(this.directory, 'dists', suite, component, `binary-${architecture}`), { recursive: true });
        writeFileSync(join(this.directory, 'dists', suite, path), index);
        sums.push(` ${sha256(index)} ${Buffer.byteLength(index)} ${path}`);
      }
    }
    const release = [
      'Origin: Test',
      `Suite: ${suite}`,
      `Codename: ${suite}`,
      `Date: ${date}`,
      `Architectures: ${architectures.join(' ')}`,
      'Components: main',
      ...further,
      'SHA256:',
      ...sums,
      '',
    ].join('\n');
    const { stdout } = await this.#gpg(['--clearsign', '--output', '-'], release);
    writeFileSync(join(this.directory, 'dists', suite, 'InRelease'), `${stdout}\n`);
  }

  /** Where the file of a package lies. */
  fileOf({ name, version = '1.0', architecture = 'amd64', isUdeb = false }: MadePackage): string {
    const suffix = isUdeb ? 'udeb' : 'deb';
    return join(this.directory, 'pool', `${name}_${version.replace(/^\d+:/, '')}_${architecture}.${suffix}`);
  }

  async #build(made: MadePackage): Promise<string> {
    const key = JSON.stringify(made);
    const before = this.#built.get(key);
    if (before !== undefined) return before;
    const { name, version = '1.0', architecture = 'amd64', fields = [], content = version } = made;
    const tree = mkdtempSync(join(tmpdir(), 'deb-'));
    mkdirSync(join(tree, 'DEBIAN'));
    mkdirSync(join(tree, 'usr/share', name), { recursive: true });
    writeFileSync(join(tree, 'usr/share', name, 'content'), content);
    const control = [
      `Package: ${name}`,
      `Version: ${version}`,
      `Architecture: ${architecture}`,
      'Maintainer: Nobody <nobody@example.org>',
      ...fields,
      `Description: a package of a test`,
    ].join('\n');
    writeFileSync(join(tree, 'DEBIAN/control'), `${control}\n`);
    mkdirSync(join(this.directory, 'pool'), { recursive: true });
    const file = this.fileOf(made);
    const env = { SOURCE_DATE_EPOCH: '1700000000' };
    await execa('dpkg-deb', ['--root-owner-group', '-Zgzip', '--build', tree, file], { env });
    rmSync(tree, { recursive: true });
    const bytes = readFileSync(file);
    const path = file.slice(this.directory.length + 1);
    const stanza = `${control}\nFilename: ${path}\nSize: ${bytes.length}\nSHA256: ${sha256(bytes)}`;
    this.#built.set(key, stanza);
    return stanza;
  }

  #gpg(words: readonly string[], input?: string) {
    return execa(
      'gpg',
      ['--homedir', this.#home, '--batch', '--quiet', ...words],
      input === undefined ? {} : { input },
    );
  }
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
