import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { contentFault, type Content } from './content.js';

const archive = execFileSync('cpio', ['--create', '--format=newc', '--quiet'], { input: '/etc/hostname\n' });

/** Zeros with some text in them. */
function bytes(...texts: readonly [at: number, text: string][]): Buffer {
  const file = Buffer.alloc(0x9000);
  for (const [at, text] of texts) file.write(text, at, 'latin1');
  return file;
}

describe('the content of netboot files', () => {
  let directory: string;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'content-'))));
  after(() => rmSync(directory, { recursive: true }));

  async function fault(content: Content, file: Buffer | string): Promise<string | undefined> {
    const path = join(directory, 'file');
    writeFileSync(path, file);
    return contentFault(content, path);
  }

  for (const [what, content, file] of [
    ['an x86 kernel', 'kernel', bytes([0x202, 'HdrS'])],
    ['a kernel with an EFI stub', 'kernel', bytes([0, 'MZ'])],
    ['an arm64 kernel', 'kernel', bytes([0x38, 'ARM\x64'])],
    ['a packed arm64 kernel', 'kernel', gzipSync(bytes([0x38, 'ARM\x64']))],
    ['a POWER kernel', 'kernel', bytes([0, '\x7fELF'])],
    ['an initrd', 'initrd', gzipSync(archive)],
    ['an initrd that is not packed, or begins with microcode', 'initrd', archive],
    ['an initrd packed with xz', 'initrd', execFileSync('xz', ['--check=crc32', '--stdout'], { input: archive })],
    ['a medium', 'medium', bytes([0x8001, 'CD001'])],
  ] as const) {
    it(`is good for ${what}`, async () => expect(await fault(content, file)).to.equal(undefined));
  }

  for (const [what, content, file, message] of [
    ['empty files', 'kernel', '', 'it is empty'],
    ['login pages', 'kernel', '\n <!DOCTYPE html>\n<html>sign in</html>', 'it is not a Linux kernel, but a web page'],
    ['pages as initrd', 'initrd', '<html><body>404</body></html>', 'it is not an initrd, but a web page'],
    [
      'texts',
      'medium',
      'sha256sum\nlinux',
      "it is not an installation medium (ISO 9660), but a text that begins with 'sha256sum'",
    ],
    ['kernels as initrd', 'initrd', bytes([0x202, 'HdrS']), 'it is not an initrd, but a Linux kernel'],
    ['initrds as kernel', 'kernel', archive, 'it is not a Linux kernel, but an initrd'],
    [
      'what is unknown',
      'initrd',
      Buffer.from('00112233445566778899', 'hex'),
      'it is not an initrd, but a file that begins with the bytes 0011223344556677',
    ],
    ['beginnings of files', 'kernel', bytes([0, 'xx']).subarray(0, 0x203), /^it is not a Linux kernel/],
  ] as const) {
    it(`is no good for ${what}`, async () =>
      expect(await fault(content, file)).to.match(
        typeof message === 'string' ? new RegExp(`^${message.replace(/[()]/g, '\\$&')}$`) : message,
      ));
  }

  it('is no good for random bytes', async () => {
    const noise = Buffer.concat([Buffer.from('zz'), randomBytes(100)]);
    for (const content of ['kernel', 'initrd', 'medium'] as const) {
      expect(await fault(content, brotliCompressSync(noise)), content).to.be.a('string');
    }
  });
});
