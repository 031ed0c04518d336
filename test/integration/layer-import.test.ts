import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { makeDisk, program } from '../support/disk.js';
import { program as imageFactory } from '../support/demo-image.js';
import { normalUser, type NormalUser } from '../support/normal-user.js';
import { tarOf } from '../support/tar-bytes.js';

const isRoot = process.getuid?.() === 0;

describe('layers that are imported and exported by the program', function () {
  let user: NormalUser;
  let scratch: string;
  before(async () => {
    user = await normalUser();
    scratch = mkdtempSync(join(tmpdir(), 'layer-files-'));
    chmodSync(scratch, 0o777);
  });
  after(async () => {
    await user.remove();
    // A normal user's store has files of subordinate ids.
    if (isRoot) rmSync(scratch, { recursive: true });
  });

  const at = (name: string) => join(scratch, name);

  /** Runs a command for layers, as root and as a normal user, each with a store of its own. */
  async function layer(
    who: 'root' | 'user',
    ...args: string[]
  ): Promise<{ stdout: string; stderr: string; exitCode?: number }> {
    const [verb = '', ...rest] = args;
    const words = ['layer', verb, '--store-dir', at(`store-${who}`), ...rest];
    const [file = '', ...before] = who === 'root' ? [imageFactory] : [...user.command, user.program];
    const { stdout, stderr, exitCode } = await execa(file, [...before, ...words], { reject: false });
    return { stdout, stderr, ...(exitCode !== undefined && { exitCode }) };
  }

  /** The content ids that a command printed. */
  const ids = (text: string) => [...text.matchAll(/ ([0-9a-f]{64})$/gm)].map(([, id]) => id);

  const everybody = isRoot ? (['root', 'user'] as const) : (['user'] as const);

  /** A system with all that a file system can say of files, but devices. */
  function makeSystem(root: string): void {
    for (const directory of ['bin', 'etc', 'usr/bin', 'usr/lib', 'sbin', 'var/lib', 'dev', 'root', 'boot', 'home'])
      mkdirSync(join(root, directory), { recursive: true });
    writeFileSync(join(root, 'etc/fstab'), '');
    writeFileSync(join(root, 'etc/os-release'), 'ID=debian\n');
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
    program('cp', ['/bin/dash', join(root, 'bin/sh')]);
    writeFileSync(join(root, 'usr/bin/ping'), 'ping');
    symlinkSync('../etc/os-release', join(root, 'usr/lib/os-release'));
    if (!isRoot) return;
    program('setcap', ['cap_net_raw+ep', join(root, 'usr/bin/ping')]);
    program('setfacl', ['-m', 'u:1000:rw', join(root, 'etc/passwd')]);
    program('setfattr', ['-n', 'user.note', '-v', 'say "hello"', join(root, 'etc/passwd')]);
    program('chown', ['33:44', join(root, 'home')]);
    program('ln', [join(root, 'usr/bin/ping'), join(root, 'usr/bin/again')]);
  }

  it('have the same ids for root and for a normal user', async () => {
    const archive = at('some.tar');
    writeFileSync(
      archive,
      tarOf(
        { name: 'etc/', type: '5', mode: 0o700, uid: 0, gid: 42 },
        { name: 'etc/shadow', mode: 0o640, gid: 42, content: 'x' },
        { name: 'home', type: '5', uid: 1000, gid: 1000 },
      ),
    );
    const top = at('top.tar');
    writeFileSync(
      top,
      tarOf(
        { name: 'etc/.wh.shadow' },
        { name: 'home/', type: '5' },
        { name: 'home/.wh..wh..opq' },
        { name: 'home/new', uid: 65534, content: 'x' },
      ),
    );
    const found: unknown[] = [];
    for (const who of everybody) {
      const base = await layer(who, 'import', 'base', archive);
      expect(base.stderr, who).to.equal('');
      const web = await layer(who, 'import', 'web', top, '--parent', 'base');
      expect(web.exitCode, web.stderr).to.equal(0);
      const image = at(`image-${who}`);
      const flat = at(`flat-${who}.tar`);
      expect(await layer(who, 'export', 'web', image)).to.include({ exitCode: 0 });
      expect(await layer(who, 'export', 'web', flat, '--flatten')).to.include({ exitCode: 0 });
      const copy = await layer(who, 'import', 'copy', image);
      // The lower layer is there already.
      expect(ids(copy.stdout)).to.deep.equal(ids(web.stdout));
      expect(copy.stderr).to.contain('Layer 1 is there already: base');
      expect(program('tar', ['-tf', flat]).trim().split('\n')).to.deep.equal(['./', 'etc/', 'home/', 'home/new']);
      const config = JSON.parse(program('skopeo', ['inspect', '--raw', `oci:${image}:web`])) as {
        layers: { digest: string }[];
      };
      found.push([ids(base.stdout), ids(web.stdout), config.layers.map(({ digest }) => digest)]);
      expect(await layer(who, 'verify')).to.include({ exitCode: 0 });
    }
    for (const each of found) expect(each).to.deep.equal(found[0]);
  });

  it('say what a normal user can not have, and what to do', async () => {
    writeFileSync(at('devices.tar'), tarOf({ name: 'dev/null', type: '3', device: [1, 3] }));
    const { exitCode, stderr } = await layer('user', 'import', 'devices', at('devices.tar'));
    expect(exitCode).to.equal(1);
    expect(stderr).to.match(/devices\.tar: entry dev\/null: a device, and only root can make one\n.*Import it as root/);
  });

  it('refuse a wrong limit and a wrong format before anything is made', async () => {
    for (const args of [
      ['import', 'x', at('some.tar'), '--max-entries', 'many'],
      ['import', 'x', at('some.tar'), '--max-size', '12'],
      ['export', 'x', at('x'), '--format', 'zip'],
      ['import', '../x', at('some.tar')],
    ]) {
      const { exitCode, stderr } = await layer(everybody[0], ...args);
      expect(exitCode, stderr).to.equal(2);
    }
    expect(existsSync(at('x'))).to.equal(false);
  });

  for (const format of ['raw', 'qcow2'] as const) {
    it(`hold the system of a ${format} disk with all its volumes, for root and for a normal user`, async () => {
      const content = at(`system-${format}`);
      makeSystem(content);
      mkdirSync(at(`home-${format}`));
      writeFileSync(join(at(`home-${format}`), 'file'), 'on its own volume');
      writeFileSync(join(content, 'etc/fstab'), '/dev/sda2 /home ext4 defaults 0 2\n');
      const disk = at(`disk.${format}`);
      const raw = at(`disk-${format}.img`);
      makeDisk(raw, 'dos', [
        { type: 'L', size: 64, fileSystem: 'ext4', content },
        { type: 'L', size: 16, fileSystem: 'ext4', content: at(`home-${format}`) },
      ]);
      if (format === 'raw') program('mv', [raw, disk]);
      else program('qemu-img', ['convert', '-O', 'qcow2', raw, disk]);
      chmodSync(disk, 0o644);
      const before = readFileSync(disk);
      const found: unknown[] = [];
      for (const who of everybody) {
        const { stdout, stderr, exitCode } = await layer(who, 'import', `disk-${format}`, disk);
        expect(exitCode, stderr).to.equal(0);
        found.push(ids(stdout));
        const list = await layer(who, 'export', `disk-${format}`, at(`${who}-${format}.tar`));
        expect(list.exitCode, list.stderr).to.equal(0);
        const files = program('tar', ['-tf', at(`${who}-${format}.tar`)]).split('\n');
        expect(files).to.include.members(['home/file', 'etc/passwd', 'usr/lib/os-release']);
      }
      for (const each of found) expect(each).to.deep.equal(found[0]);
      expect(readFileSync(disk).equals(before)).to.equal(true);
    });
  }
});
