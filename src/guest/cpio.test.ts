import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Packing, writeCpio } from './cpio.js';

describe('the archive that a guest starts with', () => {
  it('is what cpio unpacks: directories above, modes, links and files of any length', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cpio-test-'));
    try {
      const packing = new Packing();
      const odd = join(directory, 'odd');
      writeFileSync(odd, Buffer.alloc(70_001, 7));
      packing.add('/usr/bin/odd', { kind: 'copy', from: odd, mode: 0o755 });
      packing.add('/bin', { kind: 'link', target: 'usr/bin' });
      packing.add('/etc/hosts', { kind: 'text', text: 'a\n', mode: 0o644 });
      packing.add('/etc/hosts', { kind: 'text', text: 'not this one\n', mode: 0o644 });
      packing.add('/root', { kind: 'directory', mode: 0o700 });
      await writeCpio(packing, join(directory, 'archive'));
      const out = join(directory, 'out');
      mkdirSync(out);
      execFileSync('cpio', ['-idm', '--quiet', '--no-preserve-owner'], {
        cwd: out,
        input: readFileSync(join(directory, 'archive')),
      });
      expect(readFileSync(join(out, 'usr/bin/odd')).equals(readFileSync(odd))).to.equal(true);
      expect(lstatSync(join(out, 'usr/bin/odd')).mode & 0o7777).to.equal(0o755);
      expect(lstatSync(join(out, 'root')).mode & 0o7777).to.equal(0o700);
      expect(readlinkSync(join(out, 'bin'))).to.equal('usr/bin');
      expect(readFileSync(join(out, 'etc/hosts'), 'utf8')).to.equal('a\n');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
