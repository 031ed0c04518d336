import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/** A package of a made repository. */
export interface MadeRpm {
  readonly name: string;
  readonly version?: string;
  readonly release?: string;
  readonly epoch?: number;
  readonly architecture?: string;
  /** Further tags: `Requires: a`, `Recommends: b`. */
  readonly tags?: readonly string[];
  /** A file beside its own one. */
  readonly file?: string;
  readonly content?: string;
}

/** Repositories of rpm, made by rpmbuild and createrepo_c, and signed with a key of their own. */
export class RpmRepository {
  readonly directory = mkdtempSync(join(tmpdir(), 'rpm-repository-'));
  readonly keyring = join(this.directory, 'key.asc');
  readonly #home = mkdtempSync(join(tmpdir(), 'gpg-'));

  static async make(): Promise<RpmRepository> {
    const repository = new RpmRepository();
    const made = ['--quick-generate-key', 'Repository of a test', 'rsa2048', 'sign', 'never'];
    await repository.#gpg(['--passphrase', '', ...made]);
    writeFileSync(repository.keyring, (await repository.#gpg(['--armor', '--export'])).stdout);
    return repository;
  }

  url(name: string): string {
    return `file:${join(this.directory, name)}`;
  }

  async remove(): Promise<void> {
    await execa('gpgconf', ['--homedir', this.#home, '--kill', 'all'], { reject: false });
    rmSync(this.#home, { recursive: true, force: true });
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Publishes a repository with these packages and no others. @param modules the text of its modules.yaml */
  async publish(
    name: string,
    packages: readonly MadeRpm[],
    { modules, isSigned = true }: { readonly modules?: string; readonly isSigned?: boolean } = {},
  ): Promise<void> {
    const place = join(this.directory, name);
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { recursive: true });
    for (const each of packages) {
      const file = await this.#build(each);
      linkSync(join(this.directory, 'built', file), join(place, file));
    }
    await execa('createrepo_c', ['--quiet', place]);
    if (modules !== undefined) {
      const file = join(this.directory, 'modules.yaml');
      writeFileSync(file, modules);
      await execa('modifyrepo_c', ['--mdtype=modules', file, join(place, 'repodata')]);
      unlinkSync(file);
    }
    if (!isSigned) return;
    const repomd = join(place, 'repodata/repomd.xml');
    await this.#gpg(['--armor', '--detach-sign', '--output', `${repomd}.asc`, repomd]);
  }

  files(name: string): string[] {
    return readdirSync(join(this.directory, name)).filter((each) => each.endsWith('.rpm'));
  }

  /** Signs the files of packages, as distributions do. They are other files then. */
  async sign(name: string): Promise<void> {
    const macros = [
      '--define',
      `_gpg_path ${this.#home}`,
      '--define',
      '_gpg_name Repository of a test',
      '--define',
      '__gpg /usr/bin/gpg',
    ];
    for (const file of this.files(name)) {
      const path = join(this.directory, name, file);
      execFileSync('cp', [path, `${path}.own`]);
      execFileSync('mv', [`${path}.own`, path]);
      await execa('rpmsign', [...macros, '--addsign', path], { env: { HOME: this.#home } });
    }
    await execa('createrepo_c', ['--quiet', join(this.directory, name)]);
  }

  async #build({
    name,
    version = '1.0',
    release = '1',
    epoch,
    architecture = 'x86_64',
    tags = [],
    file,
    content = '',
  }: MadeRpm): Promise<string> {
    const built = `${name}-${version}-${release}.${architecture}.rpm`;
    if (existsSync(join(this.directory, 'built', built))) return built;
    const top = join(this.directory, 'top');
    mkdirSync(top, { recursive: true });
    const own = `/usr/share/${name}`;
    const spec = join(top, `${name}.spec`);
    writeFileSync(
      spec,
      [
        `Name: ${name}`,
        `Version: ${version}`,
        `Release: ${release}`,
        'Summary: A package of a test',
        'License: none',
        ...(epoch === undefined ? [] : [`Epoch: ${epoch}`]),
        ...(architecture === 'noarch' ? ['BuildArch: noarch'] : []),
        ...tags,
        '%description',
        'Of a test',
        '%install',
        ...[`${own}-${architecture}`, ...(file === undefined ? [] : [file])].flatMap((path) => [
          `mkdir -p $(dirname %{buildroot}${path})`,
          `echo '${version} ${content}' > %{buildroot}${path}`,
        ]),
        '%files',
        `${own}-${architecture}`,
        ...(file === undefined ? [] : [file]),
      ].join('\n'),
    );
    await execa(
      'rpmbuild',
      [
        ...['-bb', '--quiet', '--target', `${architecture}-linux`],
        ...['--define', `_topdir ${top}`, '--define', `_rpmdir ${join(this.directory, 'built')}`],
        ...['--define', '_build_name_fmt %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm'],
        ...['--define', 'debug_package %{nil}', spec],
      ],
      { env: { HOME: this.#home } },
    );
    return built;
  }

  #gpg(words: readonly string[]) {
    return execa('gpg', ['--homedir', this.#home, '--batch', '--quiet', '--yes', ...words]);
  }
}
