import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { programDirectory } from '../../src/host/program-directory.js';
import { baseNameIn } from '../support/demo-image.js';
import { prepare, serve, type ServedMirror } from './debian-mirror.js';
import { MovingArchive } from './moving-archive.js';

const imageFactory = join(programDirectory, 'bin/image-factory');
/** Kept between runs: the mirror's packages are downloaded once, and the last image can be looked at. */
const workDirectory = join(programDirectory, 'build/e2e');
const mirrorDirectory = join(workDirectory, 'mirror');
const directory = join(workDirectory, 'locked-debian-13');
const output = join(directory, 'out');

/** Packages of which the mirror has a newer version when the image is installed. */
const moved = ['curl', 'less'];

interface Listed {
  readonly packages: readonly { readonly name: string; readonly version: string; readonly architecture: string }[];
}

describe('Debian 13, installed for real by debian-installer from its package lock', () => {
  let mirror: ServedMirror;
  let archive: MovingArchive;
  const configuration = join(directory, 'my.conf');

  before(async () => {
    await prepare(mirrorDirectory, 'amd64', console.log);
    const netboot = 'dists/trixie/main/installer-amd64/current/images/netboot/debian-installer/amd64';
    await mkdir(join(mirrorDirectory, 'debian', netboot), { recursive: true });
    for (const file of ['linux', 'initrd.gz']) {
      await cp(join(mirrorDirectory, 'amd64', file), join(mirrorDirectory, 'debian', netboot, file));
    }
    await rm(directory, { recursive: true, force: true });
    await mkdir(output, { recursive: true });
    archive = await MovingArchive.open(mirrorDirectory, 'amd64');
    await archive.publish('Thu, 26 Nov 2026 12:00:00 UTC');
    mirror = await serve(mirrorDirectory);
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, 'key')]);
    await writeFile(
      configuration,
      `[DEFAULT]
debian_mirror = http://127.0.0.1:${mirror.port}/debian
udeb-suite = ${archive.suite}
verify = off
output-dir = ${output}
cache_dir = ${directory}/cache
hostname = golden
ssh-authorized-keys = ${directory}/key.pub
[locked]
like = debian-13
group = server
packages = tree -nano
package-sources = http://127.0.0.1:${mirror.port}/debian ${archive.suite} main
package-keyring = ${archive.keyring}
[ahead]
like = locked
`,
    );
    await call('lock', 'locked');
  });
  after(async () => {
    await mirror?.close();
    await archive?.remove();
  });

  function call(...words: string[]) {
    return execa(imageFactory, [...words, '--config', configuration], { cwd: directory });
  }

  async function packagesIn(file: string): Promise<string[]> {
    const { packages } = JSON.parse(await readFile(file, 'utf8')) as Listed;
    return packages.map(({ name, version, architecture }) => `${name} ${version} ${architecture}`).sort();
  }

  it('has the packages of its lock and no others, though the mirror has newer ones, and asks it for nothing', async () => {
    await archive.publish('Thu, 26 Nov 2026 18:00:00 UTC', moved);
    await call('lock', 'ahead', '--no-fetch');
    const ahead = await packagesIn(join(directory, 'locks/ahead.json'));
    const newer = ahead.filter((each) => moved.some((name) => each.startsWith(`${name} 9:1 `)));
    expect(newer, 'what a lock of today has').to.have.length(moved.length);

    const before = mirror.asked.length;
    await execa(imageFactory, ['locked', '--locked', '--config', configuration], { cwd: directory, stdio: 'inherit' });
    expect(mirror.asked.slice(before), 'what the mirror was asked for').to.be.empty;
    const name = baseNameIn(output, 'locked');
    const locked = await packagesIn(join(directory, 'locks/locked.json'));
    expect(await packagesIn(join(output, `${name}.manifest.json`))).to.deep.equal(locked);
    expect(locked.length).to.be.greaterThan(200);
    const names = locked.map((each) => each.split(' ')[0]);
    expect(names).to.include.members(['linux-image-amd64', 'openssh-server', 'tree']).and.not.include('nano');
    const log = await readFile(join(output, `${name}.log`), 'utf8');
    expect(log).to.include(`The image has the ${locked.length} packages of the lock, and no others`);
    expect(log).to.match(/The image boots by (BIOS|UEFI)/);
    console.log(log.match(/^.*\] done in.*$/gm)?.join('\n'));
  });
});
