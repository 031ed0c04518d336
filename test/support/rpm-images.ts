import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DerivedImages } from './derived-images.js';
import type { FileMirror } from './mirror.js';
import { RpmRepository, type MadeRpm } from './rpm-repository.js';

const common = `[DEFAULT]
output-dir = out
boot-test = off
format = raw
compression = none
[base]
parent = file:tree
packages = old keeper
[web]
parent = base
packages = fresh -old -recommended
[needed]
parent = base
packages = needy -recommended
`;

/** What a tree of rpm has of its distribution. */
export interface RpmTree {
  /** The name of its repository. */
  readonly name: string;
  readonly osRelease: string;
  /** Where it lists repositories, and what its list says of the place of files. */
  readonly list: string;
  readonly settings: string;
}

/** Images that are derived from a tree of rpm, whose packages replace, need and recommend each other. */
export class RpmImages {
  private constructor(
    readonly images: DerivedImages,
    readonly tree: string,
    private readonly repository: RpmRepository,
  ) {}

  /** @param sections of further images */
  static async make({ name, osRelease, list, settings }: RpmTree, sections = ''): Promise<RpmImages> {
    const repository = await RpmRepository.make();
    const images = new DerivedImages(`${common}${sections}`);
    const tree = join(images.directory, 'tree');
    const write = (path: string, text: string) => {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text);
    };
    write('etc/os-release', osRelease);
    await repository.publish(name, [
      { name: 'old', tags: ['Provides: server'] },
      { name: 'keeper', tags: ['Requires: server'] },
      { name: 'fresh', tags: ['Provides: server', 'Conflicts: old', 'Recommends: recommended'] },
      { name: 'recommended' },
      { name: 'needy', tags: ['Requires: recommended'] },
    ]);
    cpSync(join(repository.directory, name), join(tree, 'srv', name), { recursive: true });
    write(join(list, `${name}.repo`), `[${name}]\nname=${name}\nenabled=1\n${settings}\ngpgcheck=0\n`);
    // Debian's rpm has a database for each user.
    write('etc/rpm/macros', '%_dbpath /usr/lib/sysimage/rpm\n');
    return new RpmImages(images, tree, repository);
  }

  /** The names of the packages of an image that was built, sorted. */
  packagesOf(image: string): string[] {
    const manifest = this.images.made(new RegExp(`^${image}-.*\\.manifest\\.json$`));
    const { packages } = JSON.parse(readFileSync(manifest, 'utf8')) as { packages: { name: string }[] };
    return packages.map(({ name }) => name).sort();
  }

  /** Has a mirror offer these packages and no others. @returns the directory of its files */
  async offer({ files }: FileMirror, packages: readonly MadeRpm[]): Promise<string> {
    await this.repository.publish('mirror', packages);
    const directory = join(this.repository.directory, 'mirror');
    files.clear();
    for (const path of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
      const file = join(directory, path);
      if (statSync(file).isFile()) files.set(`/${path}`, readFileSync(file));
    }
    return directory;
  }

  async remove(): Promise<void> {
    this.images.remove();
    await this.repository.remove();
  }
}
