import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { program } from '../../../test/support/disk.js';
import { changeEnvironment, rejection, testHost } from '../../../test/support/host.js';
import { installExtlinux } from './extlinux.js';

describe('extlinux in a file system that was made again', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'extlinux-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('is looked for without the directory for temporary files, which may be full', async () => {
    const file = join(directory, 'disk.raw');
    writeFileSync(file, '');
    program('mkfs.ext4', ['-q', file, '4M']);
    const boot = Buffer.alloc(1024);
    boot.write('SYSLINUX', 3, 'latin1');
    const restore = changeEnvironment({ TMPDIR: join(directory, 'nowhere') });
    try {
      const host = { ...testHost(), scratch: directory };
      const failure = await rejection(installExtlinux(host, { file, offset: 0, boot }));
      expect((failure as Error).message).to.include('its file ldlinux.sys is not in the tree');
    } finally {
      restore();
    }
  });
});
