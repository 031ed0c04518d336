import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { rejection, testHost } from '../../test/support/host.js';
import { sha256Of } from './digest.js';
import { Interrupted } from './failure.js';

describe('sha256Of', () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'image-factory-digest-'));
    file = join(directory, 'demo.qcow2');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is the sum of the standard', async () => {
    await writeFile(file, 'abc');
    // FIPS 180-2, appendix B.1
    expect(await sha256Of(testHost(), file)).to.equal(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('agrees with sha256sum on an empty file, at the edges of its reads, and on a file with holes', async () => {
    const read = 4 * 1024 * 1024;
    for (const size of [0, 1, read - 1, read, read + 1, 3 * read + 5]) {
      const handle = await open(file, 'w');
      await handle.truncate(size);
      if (size > 0) await handle.write('end', size - 1);
      await handle.close();
      const { stdout } = await execa('sha256sum', [file]);
      expect(await sha256Of(testHost(), file), `${size} bytes`).to.equal(stdout.split(' ')[0]);
    }
  });

  it('tells its progress', async () => {
    await writeFile(file, Buffer.alloc(9 * 1024 * 1024));
    const host = testHost();
    const fractions: number[] = [];
    await sha256Of({ ...host, log: { ...host.log, progress: (now) => fractions.push(now.fraction ?? -1) } }, file);
    expect(fractions.map((fraction) => Math.round(fraction * 9))).to.deep.equal([4, 8, 9]);
  });

  it('ends when it is interrupted', async () => {
    await writeFile(file, 'abc');
    const controller = new AbortController();
    controller.abort(new Interrupted('SIGINT'));
    expect(await rejection(sha256Of(testHost(controller.signal), file))).to.be.instanceOf(Interrupted);
  });
});
