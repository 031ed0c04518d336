import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { Interrupted } from '../host/failure.js';
import { testHost } from '../../test/support/host.js';
import { writeChecksum } from './checksum.js';

describe('writeChecksum', () => {
  let directory: string;
  let image: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'image-factory-checksum-'));
    image = join(directory, 'demo-2024-05-17.qcow2');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('writes what sha256sum -c reads, and nothing else', async () => {
    await writeFile(image, 'abc');
    const { sha256, path } = await writeChecksum(testHost(), image);
    // FIPS 180-2, appendix B.1
    expect(sha256).to.equal('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(await readFile(path, 'utf8')).to.equal(`${sha256}  demo-2024-05-17.qcow2\n`);
    expect((await execa('sha256sum', ['-c', path], { cwd: directory })).stdout).to.equal('demo-2024-05-17.qcow2: OK');
    expect(await readdir(directory)).to.have.members(['demo-2024-05-17.qcow2', 'demo-2024-05-17.qcow2.sha256sum']);
  });

  it('agrees with sha256sum on an empty file, at the edges of its reads, and on a file with holes', async () => {
    const read = 4 * 1024 * 1024;
    for (const size of [0, 1, read - 1, read, read + 1, 3 * read + 5]) {
      const file = await open(image, 'w');
      await file.truncate(size);
      if (size > 0) await file.write('end', size - 1);
      await file.close();
      const { stdout } = await execa('sha256sum', [image]);
      expect((await writeChecksum(testHost(), image)).sha256, `${size} bytes`).to.equal(stdout.split(' ')[0]);
    }
  });

  it('tells its progress', async () => {
    await writeFile(image, Buffer.alloc(9 * 1024 * 1024));
    const host = testHost();
    const fractions: number[] = [];
    await writeChecksum(
      { ...host, log: { ...host.log, progress: (now) => fractions.push(now.fraction ?? -1) } },
      image,
    );
    expect(fractions.map((fraction) => Math.round(fraction * 9))).to.deep.equal([4, 8, 9]);
  });

  it('leaves nothing when it is interrupted', async () => {
    await writeFile(image, 'abc');
    const controller = new AbortController();
    controller.abort(new Interrupted('SIGINT'));
    const error = await writeChecksum(testHost(controller.signal), image).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(Interrupted);
    expect(await readdir(directory)).to.deep.equal(['demo-2024-05-17.qcow2']);
  });
});
