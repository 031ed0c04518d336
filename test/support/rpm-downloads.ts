import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect } from 'chai';
import type { DerivedImages } from './derived-images.js';
import { program as call } from './disk.js';
import { fileMirror, sha256, type FileMirror } from './mirror.js';
import { needNamespaces } from './namespaces.js';
import { RpmImages, type RpmTree } from './rpm-images.js';
import type { MadeRpm } from './rpm-repository.js';

const sections = ['one', 'two']
  .map((name) => `[${name}]\nparent = file:tree\npackages = server\nrun = ${name}.sh\n`)
  .concat('[none]\nparent = file:tree\npackages = server nosuch\n')
  .join('');

const library: MadeRpm = { name: 'library', version: '1.0' };
const offered: readonly MadeRpm[] = [{ name: 'server', tags: ['Requires: library'] }, library];

/** A distribution of rpm, and its package manager. */
export interface RpmDistribution extends Omit<RpmTree, 'settings'> {
  readonly manager: string;
  readonly addManager: (tree: string) => void;
  /** What of the metadata is shared. */
  readonly metadata: readonly string[];
  /** A line of dnf.conf that has it ask no mirror for the metadata. */
  readonly withoutMirror?: string;
  /** The directory in which the package manager looks for metadata that it finds nowhere else. */
  readonly ownMetadata?: string;
}

/** The tests of what images share that have packages of rpm from a mirror. */
export function describeRpmDownloads({
  manager,
  addManager,
  metadata,
  withoutMirror,
  ownMetadata,
  ...distribution
}: RpmDistribution): void {
  describe(`images of a tree that has ${manager} and a mirror`, () => {
    const everything = ['library', 'server', ...metadata];
    let made: RpmImages;
    let images: DerivedImages;
    let mirror: FileMirror;
    before(needNamespaces);
    before(async () => {
      mirror = await fileMirror();
      const settings = `autorefresh=1\nkeeppackages=0\nbaseurl=${mirror.url}`;
      made = await RpmImages.make({ ...distribution, settings }, sections);
      ({ images } = made);
      addManager(made.tree);
    });
    beforeEach(async () => {
      rmSync(join(images.directory, 'cache'), { recursive: true, force: true });
      await made.offer(mirror, offered);
    });
    after(async () => {
      await made?.remove();
      await mirror.close();
    });

    it('share what was downloaded, and have none of it themselves', async () => {
      expect(await build('one', 'first')).to.have.members(everything);
      expect(await build('two', 'second')).to.deep.equal([]);
      const files = call('tar', ['-tf', images.made(/^two-.*\.tar$/)]).split('\n');
      expect(files).to.include('usr/share/library-x86_64');
      const left = files.filter((path) =>
        /(?:library|server)-.*\.rpm$|^(?:run|var\/cache\/(?:dnf|zypp))\/./.test(path),
      );
      expect(left.filter((path) => !path.endsWith('/'))).to.deep.equal([]);
    });

    it('get what the mirror has changed', async () => {
      await build('one', 'third');
      await made.offer(mirror, [...offered.slice(0, 1), { ...library, version: '2.0' }]);
      expect(await build('one', 'fourth')).to.have.members(['library', ...metadata]);
      expect(contentOf('one')).to.equal('2.0 \n');
      expect(cached('repomd.xml')).to.have.length(metadata.length > 0 ? 1 : 0);
      expect(cached('-primary.xml.gz')).to.have.length(metadata.length > 0 ? 1 : 0);
    });

    if (withoutMirror !== undefined) {
      it('ask the mirror also where the tree is told to trust what is there', async () => {
        await build('one', 'before');
        await made.offer(mirror, [...offered.slice(0, 1), { ...library, version: '2.0' }]);
        const configuration = join(made.tree, 'etc/dnf/dnf.conf');
        mkdirSync(dirname(configuration), { recursive: true });
        writeFileSync(configuration, `[main]\n${withoutMirror}\n`);
        try {
          expect(await build('one', 'after')).to.have.members(['library', ...metadata]);
        } finally {
          rmSync(configuration);
        }
        expect(contentOf('one')).to.equal('2.0 \n');
      });
    }

    if (ownMetadata !== undefined) {
      it('ask the mirror also where the tree has metadata of its own', async () => {
        await build('one', 'before');
        const own = join(made.tree, ownMetadata);
        cpSync(join(images.directory, 'cache/.packages', kindOf(distribution.osRelease), 'rpms'), own, {
          recursive: true,
        });
        rmSync(join(images.directory, 'cache'), { recursive: true });
        await made.offer(mirror, [...offered.slice(0, 1), { ...library, version: '2.0' }]);
        try {
          await build('one', 'after');
        } finally {
          rmSync(own, { recursive: true });
        }
        expect(contentOf('one')).to.equal('2.0 \n');
      });
    }

    it('take nothing from the cache that another build has put in the place of a package', async () => {
      await build('one', 'fifth');
      const [package_ = ''] = cached('library-1.0-1.x86_64.rpm');
      const sum = sha256(readFileSync(package_));
      const other = await RpmImages.make({ ...distribution, settings: '' });
      try {
        const evil = await other.offer(await closed(), [{ ...library, content: 'evil' }]);
        copyFileSync(join(evil, basename(package_)), package_);
      } finally {
        await other.remove();
      }
      // As librepo notes that it has found the sum right; versions spell its name in both ways.
      const modified = statSync(package_, { bigint: true }).mtimeNs;
      for (const [name, value] of Object.entries({ mtime: String(modified), sha256: sum }))
        for (const librepo of ['Librepo', 'librepo'])
          call('setfattr', ['-n', `user.${librepo}.checksum.${name}`, '-v', value, package_]);
      expect(await build('two', 'sixth')).to.deep.equal(['library']);
      expect(contentOf('two')).to.equal('1.0 \n');
      expect(sha256(readFileSync(package_))).to.equal(sum);
    });

    it('take nothing from the cache that was damaged there', async () => {
      await build('one', 'seventh');
      const files = [...cached('.rpm'), ...cached('.gz')];
      expect(files).to.have.length(everything.length);
      for (const path of files) {
        const bytes = readFileSync(path);
        bytes.writeUInt8(bytes.readUInt8(bytes.length - 5) ^ 1, bytes.length - 5);
        writeFileSync(path, bytes);
      }
      expect(await build('two', 'eighth')).to.have.members(everything);
    });

    it('leave no loan behind, be it that of a build which failed or was killed', async () => {
      const loans = join(images.directory, 'cache/.packages', kindOf(distribution.osRelease), 'lent');
      const left = join(loans, 'loan-killed/packages');
      mkdirSync(left, { recursive: true });
      writeFileSync(join(left, 'half.rpm'), '');
      const { exitCode } = await images.build('none');
      expect(exitCode).to.equal(1);
      expect(readdirSync(loans)).to.deep.equal([]);
      images.expectNothingLeft();
    });

    it('are built side by side', async () => {
      for (const name of ['one', 'two'])
        images.write(`${name}.sh`, `#!/bin/sh\n# ninth\ncat /usr/share/library-x86_64\n`);
      for (const { exitCode, all } of await Promise.all([images.build('one'), images.build('two')]))
        expect(exitCode, all).to.equal(0);
      expect(await build('one', 'tenth')).to.deep.equal([]);
    });

    /** Builds an image with a script of its own. @returns what was fetched of packages and of metadata that is shared */
    async function build(image: string, script: string): Promise<string[]> {
      images.write(`${image}.sh`, `#!/bin/sh\n# ${script}\ncat /usr/share/library-x86_64\n`);
      mirror.answers();
      const { exitCode, all } = await images.build(image);
      expect(exitCode, all).to.equal(0);
      images.expectNothingLeft();
      return mirror
        .answers()
        .flatMap(
          (answer) =>
            /^200 .*\/(?:\w+-(?=primary|filelists))?(\w+)(?:\.xml|-[\d.]+-1\.\w+\.rpm)/.exec(answer)?.[1] ?? [],
        )
        .filter((name) => everything.includes(name));
    }

    /** What the image has of the library. */
    function contentOf(image: string): string {
      return call('tar', ['-xOf', images.made(new RegExp(`^${image}-.*\\.tar$`)), 'usr/share/library-x86_64']);
    }

    /** The files in the cache whose names end so. */
    function cached(end: string): string[] {
      const cache = join(images.directory, 'cache/.packages');
      const paths = existsSync(cache) ? readdirSync(cache, { recursive: true, encoding: 'utf8' }) : [];
      return paths.filter((path) => path.endsWith(end)).map((path) => join(cache, path));
    }
  });
}

/** A mirror nobody asks. */
async function closed(): Promise<FileMirror> {
  const mirror = await fileMirror();
  await mirror.close();
  return mirror;
}

function kindOf(osRelease: string): string {
  const [, id = '', version = ''] = /^ID=(.*)\nVERSION_ID=(.*)\n/.exec(osRelease) ?? [];
  return `${id}-${version}`;
}
