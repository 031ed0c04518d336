import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { program } from '../../test/support/disk.js';
import { testHost } from '../../test/support/host.js';
import { copyExt } from './ext-copy.js';

describe('a copy of an ext file system without a mount', () => {
  let scratch: string;
  beforeEach(() => (scratch = mkdtempSync(join(tmpdir(), 'image-factory-ext-copy-'))));
  afterEach(() => rmSync(scratch, { recursive: true, force: true }));

  it('has set-uid, set-gid and sticky bits, also behind names that are no text', async () => {
    const modes = { 'usr/sudo': 0o4755, 'usr/write': 0o2755, 'usr/plain': 0o644, 'usr/täg': 0o6711 };
    const directories = { tmp: 0o1777, mail: 0o2775, usr: 0o755 };
    const tree = join(scratch, 'tree');
    for (const [name, mode] of Object.entries(directories)) {
      mkdirSync(join(tree, name), { recursive: true });
      chmodSync(join(tree, name), mode);
    }
    for (const [name, mode] of Object.entries(modes)) {
      writeFileSync(join(tree, name), name);
      chmodSync(join(tree, name), mode);
    }
    const disk = join(scratch, 'disk.raw');
    program('truncate', ['--size=8M', disk]);
    program('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', tree, disk]);
    const copy = join(scratch, 'copy');
    mkdirSync(copy);
    await copyExt(testHost(), { disk, offset: 0 }, copy);
    for (const [name, mode] of Object.entries({ ...modes, ...directories })) {
      expect((statSync(join(copy, name)).mode & 0o7777).toString(8), name).to.equal(mode.toString(8));
    }
  });
});
