import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { testHost } from '../../test/support/host.js';
import { cpioArchive } from '../../test/support/planted-system.js';
import { initramfsNames } from './initramfs.js';

describe('initramfsNames', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'initramfs-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  const names = async (...parts: readonly Buffer[]) => {
    const file = join(directory, 'initrd');
    writeFileSync(file, Buffer.concat(parts));
    const found = await initramfsNames(testHost(), file);
    return found && [...found];
  };
  const pack = (program: string, args: readonly string[], input: Buffer) =>
    execFileSync(program, args, { input, stdio: ['pipe', 'pipe', 'ignore'] });

  const early = cpioArchive(['kernel/x86/microcode/GenuineIntel.bin']);
  const main = cpioArchive(['init', 'usr/lib/modules/6.1/kernel/fs/ext4/ext4.ko']);
  const expected = ['kernel/x86/microcode/GenuineIntel.bin', 'init', 'usr/lib/modules/6.1/kernel/fs/ext4/ext4.ko'];

  for (const [packed, how] of Object.entries({
    gzip: (input: Buffer) => gzipSync(input),
    zstd: (input: Buffer) => pack('zstd', ['-q', '-c'], input),
    xz: (input: Buffer) => pack('xz', ['--check=crc32', '-c'], input),
    lzma: (input: Buffer) => pack('xz', ['--format=lzma', '-c'], input),
    lz4: (input: Buffer) => pack('lz4', ['-l', '-c'], input),
    nothing: (input: Buffer) => input,
  })) {
    it(`reads an early archive and one that ${packed} packed after it`, async () => {
      expect(await names(early, Buffer.alloc(512), how(main))).to.deep.equal(expected);
    });
  }

  it('reads one that is packed alone', async () => {
    expect(await names(gzipSync(main))).to.deep.equal(expected.slice(1));
  });

  it('says of what is packed in another way, or is no archive, that it is not known', async () => {
    expect(await names(early, Buffer.from('BZh91AY&SY'))).to.be.undefined;
    expect(await names(gzipSync(Buffer.from('no archive')))).to.be.undefined;
    expect(await names(Buffer.from('text'))).to.be.undefined;
  });
});
