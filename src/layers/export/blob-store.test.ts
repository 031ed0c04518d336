import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { rejection } from '../../../test/support/host.js';
import { archiveStore, directoryStore } from './blob-store.js';

describe('where a container image is written', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'blob-store-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is named when its disk is full', async () => {
    const full = join(directory, 'image.tar');
    symlinkSync('/dev/full', full);
    const archive = await archiveStore(full, 0);
    try {
      expect(await rejection(archive.put('index.json', Buffer.from('{}')))).to.include({ code: 'ENOSPC', path: full });
    } finally {
      await archive.close();
    }
    const store = await directoryStore(join(directory, 'image'));
    symlinkSync('/dev/full', join(directory, 'image/index.json'));
    expect(await rejection(store.put('index.json', Buffer.from('{}')))).to.include({
      code: 'ENOSPC',
      path: join(directory, 'image/index.json'),
    });
  });
});
