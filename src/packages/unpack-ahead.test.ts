import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { needNamespaces } from '../../test/support/namespaces.js';
import { placeOf } from './compile-repository.js';
import { setupHook } from './kernel-scripts.js';
import type { LockedPackage, PackageLock } from './lock-file.js';
import { unpackAheadHook } from './unpack-ahead.js';

describe('the largest packages', () => {
  before(needNamespaces);

  let scratch: string;
  beforeEach(() => (scratch = mkdtempSync(join(tmpdir(), 'unpack-ahead-'))));
  afterEach(() => rmSync(scratch, { recursive: true }));

  const kernel = { name: 'linux-image', version: '1:6.12+deb', architecture: 'amd64', size: 2 ** 26, sha256: 'ab' };
  const locked = (...packages: object[]) => ({ packages }) as unknown as PackageLock;
  const hookOf = (lock: PackageLock) => unpackAheadHook(lock, scratch) ?? '';

  /** The package file in the repository. */
  async function makePackage(): Promise<string> {
    const tree = join(scratch, 'tree');
    mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
    writeFileSync(
      join(tree, 'DEBIAN/control'),
      'Package: linux-image\nVersion: 1:6.12+deb\nArchitecture: amd64\nMaintainer: A <a@example.org>\nDescription: x\n',
    );
    writeFileSync(join(tree, 'vmlinuz'), 'a kernel');
    const file = join(scratch, placeOf(kernel as LockedPackage, 'deb'));
    mkdirSync(dirname(file), { recursive: true });
    await execa('dpkg-deb', ['--root-owner-group', '--build', tree, file]);
    return file;
  }

  /** Runs a script where both hooks of mmdebstrap have run: as `dpkg-deb`, it has what dpkg calls. Its root directory is this machine's, with an empty /run. */
  async function after(hook: string, script: string): Promise<string> {
    const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    const text = `set -eu; mount -t tmpfs none /run; mount -t tmpfs none /etc/dpkg; cd "$scratch"
sh -c "$setup" sh ''; sh -c "$hook" sh ''
dpkg_deb=/run/image-factory/dpkg-deb; data=/run/image-factory/data-linux-image_1%3a6.12+deb_amd64.deb
${script}`;
    const env = { setup: setupHook, hook, scratch, MMDEBSTRAP_APT_CONFIG: join(scratch, 'apt.conf') };
    return (await execa('unshare', [...user, '--mount', 'sh', '-c', text], { env })).stdout;
  }

  it('are decompressed ahead, and dpkg gets that', async () => {
    const file = await makePackage();
    const script = `flock "$data.lock" rm "${file}"
$dpkg_deb --fsys-tarfile /var/cache/apt/archives/linux-image_1%3a6.12+deb_amd64.deb | tar -xO ./vmlinuz
[ ! -e "$data" ]`;
    expect(await after(hookOf(locked(kernel)), script)).to.equal('a kernel');
  });

  it('are decompressed by dpkg-deb where that failed, and for everything else that dpkg asks', async () => {
    const file = await makePackage();
    const script = `name=linux-image_1%3a6.12+deb_amd64.deb; ln -s "${file}" "$name"
flock "$data.lock" rm "$data"
$dpkg_deb --fsys-tarfile "$name" | tar -xO ./vmlinuz; echo
$dpkg_deb --field "$name" Version`;
    expect(await after(hookOf(locked(kernel)), script)).to.equal('a kernel\n1:6.12+deb');
    const broken = `: >"${file}.broken"; mv "${file}.broken" broken.deb; $dpkg_deb --fsys-tarfile broken.deb || echo refused`;
    expect(await after(hookOf(locked(kernel)), broken)).to.equal('refused');
  });

  it('are not many, and none where all are small', () => {
    const many = Array.from({ length: 9 }, (_, index) => ({ ...kernel, name: `large${index}`, size: 2 ** 26 + index }));
    const named = [...hookOf(locked(...many, { ...kernel, name: 'small', size: 1000 })).matchAll(/'(\w+)_1%3a/g)];
    expect(named.map(([, name]) => name)).to.deep.equal(['large8', 'large7', 'large6', 'large5']);
    expect(unpackAheadHook(locked({ ...kernel, size: 2 ** 20 }), scratch)).to.equal(undefined);
  });
});
