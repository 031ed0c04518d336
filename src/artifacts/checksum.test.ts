import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { rejection, testHost } from '../../test/support/host.js';
import { sha256Of } from '../host/digest.js';
import { parseSums, writeChecksum } from './checksum.js';

describe('a checksum file', () => {
  let directory: string;
  let image: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'image-factory-checksum-'));
    image = join(directory, 'demo-2024-05-17.qcow2');
    await writeFile(image, 'abc');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is what sha256sum -c reads, and nothing else is left', async () => {
    const sha256 = await sha256Of(testHost(), image);
    await writeChecksum(image, sha256);
    const text = await readFile(`${image}.sha256sum`, 'utf8');
    expect(text).to.equal(`${sha256}  demo-2024-05-17.qcow2\n`);
    expect(parseSums(text)).to.deep.equal(new Map([['demo-2024-05-17.qcow2', sha256]]));
    const { stdout } = await execa('sha256sum', ['-c', `${image}.sha256sum`], { cwd: directory });
    expect(stdout).to.equal('demo-2024-05-17.qcow2: OK');
    expect(await readdir(directory)).to.have.members(['demo-2024-05-17.qcow2', 'demo-2024-05-17.qcow2.sha256sum']);
  });

  it('is not left half written', async () => {
    await rejection(writeChecksum(join(directory, 'no/such/image'), 'abc'));
    expect(await readdir(directory)).to.deep.equal(['demo-2024-05-17.qcow2']);
  });
});
