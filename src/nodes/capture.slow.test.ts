import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { testHost } from '../../test/support/host.js';
import { rootOnly } from '../../test/support/layer-store.js';
import { put, systemDisk } from '../../test/support/system-disk.js';
import { capture } from './capture.js';

describe('a layer of an installed disk', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'capture-'))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('is copied in the store, where the next build clears up what one that is killed leaves', async function () {
    rootOnly(this);
    const [file, store] = [join(directory, 'disk.raw'), join(directory, 'store')];
    const fill = (root: string) => put(root, 'etc/fstab', '/dev/vda1 / ext4 defaults 0 1\n');
    systemDisk(file, 'gpt', [{ type: 'linux', size: 16, fileSystem: 'ext4', fill }]);
    const host = testHost();
    await capture(host, {
      ...{ kind: 'capture', store, image: 'web', file, sha256: undefined, inputs: {}, rootPartition: undefined },
    });
    const mounts = host.log.lines.flatMap((line) => / (\S+)\.image-factory-mount-/.exec(line)?.[1] ?? []);
    expect(mounts).to.have.length(1);
    expect(mounts[0]).to.match(/\/store\/nodes\/\.[^/]+\.new\/$/);
  });
});
