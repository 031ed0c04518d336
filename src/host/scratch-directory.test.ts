import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { testHost } from '../../test/support/host.js';
import { holdScratchDirectory, withScratchDirectory } from './scratch-directory.js';

describe('withScratchDirectory', () => {
  it('removes the directory with all that is in it, and gives what the action gave', async () => {
    let seen = '';
    const result = await withScratchDirectory('example', async (directory) => {
      seen = directory;
      expect(statSync(directory).mode & 0o777).to.equal(0o700);
      await mkdir(join(directory, 'deep/er'), { recursive: true });
      await writeFile(join(directory, 'deep/er/file'), 'text');
      return 7;
    });
    expect(result).to.equal(7);
    expect(dirname(seen)).to.equal(tmpdir());
    expect(seen).to.match(/\/image-factory-example-\w+$/);
    expect(existsSync(seen)).to.equal(false);
  });

  it('removes it after a failure, which is passed on', async () => {
    let seen = '';
    const failing = withScratchDirectory('example', (directory) => {
      seen = directory;
      return Promise.reject(new Error('no luck'));
    });
    expect(await failing.catch((error: Error) => error.message)).to.equal('no luck');
    expect(existsSync(seen)).to.equal(false);
  });

  it('makes it where it is asked to, under a hidden name', async () => {
    const above = mkdtempSync(join(tmpdir(), 'above-'));
    try {
      await withScratchDirectory(
        'disk',
        (directory) => {
          expect(dirname(directory)).to.equal(above);
          expect(readdirSync(above)[0]).to.match(/^\.image-factory-disk-/);
          return Promise.resolve();
        },
        above,
      );
      expect(readdirSync(above)).to.deep.equal([]);
    } finally {
      rmSync(above, { recursive: true });
    }
  });
});

describe('holdScratchDirectory', () => {
  it('removes the directory on request, or with what the build took, after all that came later', async () => {
    const host = testHost();
    const [first, second] = [await holdScratchDirectory(host, 'one'), await holdScratchDirectory(host, 'two')];
    await writeFile(join(first.path, 'file'), 'text');
    await first.remove();
    expect(existsSync(first.path)).to.equal(false);

    let wasThere = false;
    host.release.hold('what is in it', () => void (wasThere = existsSync(second.path)));
    expect(await host.release.releaseAll(host.log)).to.deep.equal([]);
    expect([wasThere, existsSync(second.path)]).to.deep.equal([true, false]);
  });
});
