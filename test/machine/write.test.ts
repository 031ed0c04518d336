import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { execa } from 'execa';
import { Failure } from '../../src/host/failure.js';
import { readSourceImage } from '../../src/write/source-image.js';
import { fileTarget } from '../../src/write/target.js';
import { readBack } from '../../src/write/write-image.js';
import { program as imageFactory } from '../support/demo-image.js';
import { makeDisk, program } from '../support/disk.js';
import { rejection, testHost } from '../support/host.js';
import { normalUser } from '../support/normal-user.js';
import { obstacle } from '../support/sudo-helper.js';

const MiB = 2 ** 20;
const terminal = fileURLToPath(new URL('../support/terminal-keys.py', import.meta.url));

describe('image-factory write', function () {
  // A machine that runs tests may be busy.
  this.timeout(10 * 60_000);

  let directory: string;
  /** A disk with a GPT, its qcow2, and its size in MiB. */
  let raw: string;
  let qcow2: string;
  const devices: string[] = [];

  before(function () {
    const reason = obstacle('losetup', 'lsblk', 'blockdev', 'unshare', 'swapon');
    if (reason !== undefined) {
      console.log(`      skipped: ${reason}; run: sudo make check`);
      this.skip();
    }
    directory = mkdtempSync(join(tmpdir(), 'write, onto '));
    raw = join(directory, 'web-1-2026-11-26.raw');
    makeDisk(raw, 'gpt', [
      { type: 'U', size: 8 },
      { type: 'L', size: 60, fileSystem: 'ext4', content: import.meta.dirname },
      { type: 'L', size: 200 },
    ]);
    // Data, and among it a block of zeros, which the device must have as zeros too.
    writeAt(raw, 80 * MiB, randomBytes(150 * MiB));
    writeAt(raw, 100 * MiB, Buffer.alloc(MiB));
    qcow2 = raw.replace(/raw$/, 'qcow2');
    program('qemu-img', ['convert', '-c', '-f', 'raw', '-O', 'qcow2', raw, qcow2]);
  });
  afterEach(() => {
    for (const device of devices.splice(0)) program('losetup', ['--detach', device]);
  });
  after(() => {
    if (directory) rmSync(directory, { recursive: true });
  });

  const size = () => readFileSync(raw).length;

  function writeAt(file: string, at: number, bytes: Buffer): void {
    const handle = openSync(file, 'r+');
    writeSync(handle, bytes, 0, bytes.length, at);
    closeSync(handle);
  }

  /** A loop device full of another disk's data, so much larger than the image. */
  function usedDevice(larger: number, ...options: string[]): { readonly device: string; readonly file: string } {
    const file = join(directory, `device-${devices.length}`);
    writeFileSync(file, Buffer.alloc(size() + larger, 'OLD DATA'));
    const device = program('losetup', ['--find', '--show', ...options, file]).trim();
    devices.push(device);
    return { device, file };
  }

  const write = (words: readonly string[]) =>
    execa(imageFactory, ['write', ...words], { reject: false, stdin: 'ignore', all: true });

  /** The bytes of a file or device from one place on. */
  function bytes(file: string, from: number, length: number): Buffer {
    const handle = openSync(file, 'r');
    const found = Buffer.alloc(length);
    expect(readSync(handle, found, 0, length, from)).to.equal(length);
    closeSync(handle);
    return found;
  }

  const sum = (content: Buffer) => createHash('sha256').update(content).digest('hex');

  for (const format of ['raw', 'qcow2'] as const) {
    it(`leaves every byte of a ${format} image on a used device of its size, zeros included`, async () => {
      const { device } = usedDevice(0);
      const { exitCode, all } = await write(['--yes', format === 'raw' ? raw : qcow2, device]);
      expect(all).to.match(
        /Wrote web-1-2026-11-26\.(raw|qcow2) onto \/dev\/loop\d+: .* of data of 276 MiB in \d+ s, and read back: the same$/m,
      );
      expect(exitCode).to.equal(0);
      expect(sum(bytes(device, 0, size()))).to.equal(sum(readFileSync(raw)));
      program('sfdisk', ['--verify', device]);
    });
  }

  it('moves the second header of a GPT to the end of a larger device', async () => {
    const { device } = usedDevice(37 * MiB);
    const { exitCode, all } = await write(['--yes', qcow2, device]);
    expect(exitCode, all).to.equal(0);
    expect(program('sfdisk', ['--verify', device])).to.contain('No errors');
    expect(bytes(device, size() + 37 * MiB - 512, 8).toString()).to.equal('EFI PART');
    // No header is left where it was, and all between the tables is the image's.
    expect(bytes(device, size() - 33 * 512, 33 * 512).equals(Buffer.alloc(33 * 512))).to.be.true;
    const [from, length] = [MiB, size() - 2 * MiB];
    expect(sum(bytes(device, from, length))).to.equal(sum(readFileSync(raw).subarray(from, from + length)));
    // What is behind the image stays, but for signatures that could stand at the end of a disk.
    expect(bytes(device, size(), 8).toString()).to.equal('OLD DATA');
    expect(bytes(device, size() + 36 * MiB, 8).equals(Buffer.alloc(8))).to.be.true;
  });

  it('forgets what is behind the image where that is asked for', async () => {
    const { device } = usedDevice(5 * MiB);
    const { exitCode, all } = await write(['--yes', '--discard', '--no-verify', qcow2, device]);
    expect(exitCode, all).to.equal(0);
    expect(all).to.contain('and not read back');
    expect(bytes(device, size(), MiB).equals(Buffer.alloc(MiB))).to.be.true;
  });

  it('goes on where it was interrupted, and leaves no partition table until then', async () => {
    const { device } = usedDevice(0);
    const state = join(directory, `.${basename(raw)}.${device.replace('/dev/', '')}.write`);
    const child = execa(imageFactory, ['write', '--yes', raw, device], { reject: false, stdin: 'ignore', all: true });
    const written = () =>
      existsSync(state) ? (JSON.parse(readFileSync(state, 'utf8')) as { written: unknown[] }).written.length : 0;
    while (written() === 0 && child.exitCode === null) await sleep(5);
    child.kill('SIGTERM');
    const { exitCode, all } = await child;
    expect(exitCode, all).to.equal(130);
    expect(all).to.contain('with --resume continues');
    expect(bytes(device, 0, MiB).equals(Buffer.alloc(MiB))).to.be.true;
    const before = written();

    const other = usedDevice(0).device;
    const wrong = await write(['--yes', '--resume', raw, other]);
    expect(wrong.exitCode).to.equal(2);
    expect(wrong.all).to.contain('--resume: no unfinished write of');

    const resumed = await write(['--yes', '--resume', '--verbose', raw, device]);
    expect(resumed.exitCode, resumed.all).to.equal(0);
    const calls = resumed.all.match(/Calling qemu-img convert/g)?.length ?? 0;
    const slabs = resumed.all.match(/Calling qemu-img compare/g)!.length;
    expect([before > 0, calls + before]).to.deep.equal([true, slabs]);
    expect(sum(bytes(device, 0, size()))).to.equal(sum(readFileSync(raw)));
    expect(existsSync(state)).to.be.false;
  });

  it('checks the image against what is beside it first', async () => {
    const { device } = usedDevice(0);
    const beside = `${qcow2}.sha256sum`;
    writeFileSync(beside, `${'0'.repeat(64)}  ${basename(qcow2)}\n`);
    const { exitCode, all } = await write(['--yes', qcow2, device]);
    rmSync(beside);
    expect(exitCode).to.equal(1);
    expect(all).to.contain('is not what the files beside it say').and.contain('Nothing was written');
    expect(bytes(device, 0, 8).toString()).to.equal('OLD DATA');
  });

  it('finds the newest image of a section', async () => {
    const { device } = usedDevice(0);
    const configuration = join(directory, 'image-factory.conf');
    const section = ['[web-1]', 'like = debian-13', `output-dir = ${directory}`, 'format = qcow2'];
    writeFileSync(configuration, section.join('\n'));
    writeFileSync(join(directory, 'web-1-2025-01-01.qcow2'), 'older');
    const { exitCode, all } = await write(['--yes', '--config', configuration, 'web-1', device]);
    expect(exitCode, all).to.equal(0);
    expect(all).to.contain('Wrote web-1-2026-11-26.qcow2');
  });

  describe('refuses', () => {
    const expectRefused = async (words: readonly string[], why: string | RegExp) => {
      const { exitCode, all } = await write(words);
      if (typeof why === 'string') expect(all).to.contain(why);
      else expect(all).to.match(why);
      expect(exitCode).to.equal(2);
    };

    it('a device that is mounted, also where only the kernel knows of it', async () => {
      const { device } = usedDevice(0);
      program('mke2fs', ['-q', '-F', device]);
      const at = mkdtempSync(join(directory, 'mounted-'));
      program('mount', [device, at]);
      try {
        await expectRefused(['--yes', raw, device], `${device} is mounted at ${at}: umount ${at}`);
      } finally {
        program('umount', [at]);
      }
      // In a mount namespace of another process.
      const holder = spawn('unshare', [
        '--mount',
        '--propagation',
        'private',
        'sh',
        '-c',
        'mount "$0" "$1" && echo mounted && exec cat',
        device,
        at,
      ]);
      try {
        await once(holder.stdout, 'data');
        const { exitCode, all } = await write(['--yes', raw, device]);
        expect(exitCode).to.equal(1);
        expect(all).to.contain(`${device} can't be written`).and.contain('a mount in another namespace');
      } finally {
        holder.stdin.end();
        await once(holder, 'exit');
      }
    });

    it('swap space in use', async function () {
      const { device } = usedDevice(0);
      program('mkswap', [device]);
      try {
        program('swapon', [device]);
      } catch {
        console.log('      skipped: no swap space can be used here');
        this.skip();
      }
      try {
        await expectRefused(['--yes', raw, device], `${device} is swap space in use: swapoff ${device}`);
      } finally {
        program('swapoff', [device]);
      }
    });

    it('the disk that this machine runs from', async function () {
      const disk = program('findmnt', ['--noheadings', '--output', 'SOURCE', '--nofsroot', '/']).trim();
      if (!/^\/dev\//.test(disk)) this.skip();
      const parent = program('lsblk', ['--noheadings', '--paths', '--nodeps', '--output', 'PKNAME', disk]).trim();
      await expectRefused(['--yes', raw, parent || disk], 'is the disk that this machine runs from: /');
    });

    it('a device that is too small, or read-only, or whose sectors are larger than those of the image', async () => {
      const { device } = usedDevice(-MiB);
      await expectRefused(['--yes', raw, device], `${device} is too small: it has ${size() - MiB} bytes`);
      await expectRefused(['--yes', raw, usedDevice(0, '--read-only').device], 'is read-only');
      const large = usedDevice(0, '--sector-size', '4096').device;
      await expectRefused(['--yes', raw, large], `${large} has sectors of 4096 bytes, but the partition table of`);
      expect(bytes(large, 0, 8).toString()).to.equal('OLD DATA');
    });

    it('what is no device, and no image', async () => {
      const { device } = usedDevice(0);
      const named = join(directory, 'link');
      symlinkSync(device, named);
      await expectRefused(['--yes', raw, '/dev/null'], '/dev/null is no block device');
      await expectRefused(['--yes', raw, raw], 'is no block device; --to-file writes onto a regular file');
      await expectRefused(['--yes', raw, '/dev/nothing'], "/dev/nothing: no such file or directory: 'lsblk' lists");
      await expectRefused(['--yes', join(directory, 'none.raw'), named], 'none.raw: there is no such file');
      const overlay = join(directory, 'overlay.qcow2');
      program('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', qcow2, overlay]);
      await expectRefused(['--yes', overlay, named], `overlay.qcow2: it holds only what differs from ${qcow2}`);
      const packed = join(directory, 'packed.raw.xz');
      writeFileSync(packed, Buffer.from('\xfd7zXZ\0rest', 'latin1'));
      await expectRefused(['--yes', packed, named], 'packed.raw.xz is compressed with xz: unpack it first');
      await expectRefused(['--yes', 'web-2', named], 'there is no section [web-2]');
    });

    it('to write where nobody can be asked, and where the answer is no', async () => {
      const { device } = usedDevice(0);
      await expectRefused([raw, device], `${device}: no terminal to ask on`);
      const answered = (answer: string) =>
        execa('/usr/bin/python3', [
          terminal,
          '--key',
          answer,
          "Type 'yes' to write: ",
          imageFactory,
          'write',
          raw,
          device,
        ]);
      const no = (await answered('no\r')).stdout;
      expect(no).to.contain(`Write ${basename(raw)} onto\n  ${device}: no model, no serial number, 276 MiB\n`);
      expect(no)
        .to.contain('was not confirmed: nothing was written')
        .and.match(/ended: 2$/);
      expect((await answered('\x04')).stdout)
        .to.contain('was not confirmed')
        .and.match(/ended: 2$/);
      expect((await answered('\x03')).stdout).to.match(/ended: 130$/);
      expect(bytes(device, 0, 8).toString()).to.equal('OLD DATA');
      expect((await answered('yes\r')).stdout).to.match(/read back: the same[^]*ended: 0$/);
    });

    it('to write onto a device as an ordinary user, who may write onto a file', async () => {
      const user = await normalUser();
      try {
        const { device } = usedDevice(0);
        chmodSync(directory, 0o755);
        const [sudo = '', ...options] = user.command;
        const write = (...words: string[]) =>
          execa(sudo, [...options, user.program, 'write', '--yes', ...words], { reject: false, all: true });
        const refused = await write(raw, device);
        expect([refused.exitCode, refused.all]).to.deep.equal([
          2,
          `image-factory: writing onto ${device} needs root: run this command with sudo`,
        ]);
        const file = await write('--to-file', qcow2, join(user.home, 'disk.img'));
        expect(file.exitCode, file.all).to.equal(0);
        expect(file.all).to.contain('--resume will not be possible').and.contain('read back: the same');
      } finally {
        await user.remove();
      }
    });
  });

  it('writes onto a regular file', async () => {
    const file = join(directory, 'file.img');
    const { exitCode, all } = await write(['--to-file', qcow2, file]);
    expect(exitCode, all).to.equal(0);
    expect(program('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', raw, file])).to.contain('identical');
    const again = await write(['--to-file', qcow2, file]);
    expect([again.exitCode, again.all]).to.deep.equal([
      2,
      `image-factory: ${file}: no terminal to ask on whether it may be overwritten; give --yes if it may`,
    ]);
  });

  it('notices a device that does not keep what is written onto it', async () => {
    const [image, file] = [await readSourceImage(testHost(), qcow2), join(directory, 'defective.img')];
    program('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', qcow2, file]);
    const target = await fileTarget(file, image.size);
    const all = [{ start: 0, end: image.size, data: image.size }];
    await readBack(testHost(), image, target, all);
    writeAt(file, 123 * MiB + 512, Buffer.from('x'));
    truncateSync(file, image.size);
    const error = (await rejection(readBack(testHost(), image, target, all))) as Failure;
    expect(error.message).to.equal(
      `${file} has other content than ${qcow2} from byte ${123 * MiB + 512} on, after it was written`,
    );
    expect(error.hint).to.contain('defective');
  });

  it('leaves nothing beside the image', () => {
    expect(readdirSync(directory).filter((name) => name.endsWith('.write') || name.endsWith('.part'))).to.deep.equal(
      [],
    );
  });
});
