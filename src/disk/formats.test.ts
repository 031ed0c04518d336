import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { run } from '../host/host.js';
import { rejection, testHost } from '../../test/support/host.js';
import { convertCommand } from './formats.js';
import { createRawDiskCommand } from './raw-disk.js';
import { makeDisk, program } from '../../test/support/disk.js';

describe('disks as files', () => {
  let directory: string;
  let raw: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'convert-'));
    raw = join(directory, 'disk one.raw');
    makeDisk(raw, 'dos', [{ type: 'L', size: 24, fileSystem: 'ext4', content: import.meta.dirname }]);
  });
  after(() => rmSync(directory, { recursive: true }));

  for (const compression of ['zstd', 'zlib', 'none'] as const) {
    it(`are the same to a guest as qcow2 with compression ${compression}`, async () => {
      const qcow2 = join(directory, `${compression}.qcow2`);
      await run(testHost(), convertCommand(raw, qcow2, 'qcow2', compression)!);
      const info = JSON.parse(program('qemu-img', ['info', '--output=json', qcow2])) as Record<string, unknown>;
      expect(info.format).to.equal('qcow2');
      expect(info['format-specific']).to.have.nested.property(
        'data.compression-type',
        compression === 'none' ? 'zlib' : compression,
      );
      expect(program('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', raw, qcow2])).to.contain('identical');
      program('qemu-img', ['check', qcow2]);
    });
  }

  it('are the same bytes again where they are written in the same order', async () => {
    const images = ['one.qcow2', 'two.qcow2'].map((name) => join(directory, name));
    for (const image of images) await run(testHost(), convertCommand(raw, image, 'qcow2', 'zstd', 'same')!);
    const [one, two] = images.map((image) => readFileSync(image));
    expect(one?.equals(two ?? Buffer.of())).to.be.true;
  });

  it('are smaller compressed', async () => {
    const [zstd, none] = await Promise.all(
      ['zstd', 'none'].map(async (compression) => (await stat(join(directory, `${compression}.qcow2`))).size),
    );
    expect(zstd).to.be.below(none!);
  });

  it('are created empty, in whole sectors', async () => {
    const disk = join(directory, 'new.raw');
    await run(testHost(), createRawDiskCommand(disk, 10 ** 7 + 1));
    const { size, blocks } = await stat(disk);
    expect(size).to.equal(19532 * 512);
    expect(blocks * 512).to.be.below(16 * 1024);
  });

  it('fail with the reason', async () => {
    const error = await rejection(
      run(testHost(), convertCommand(join(directory, 'none.raw'), '/dev/null/x', 'qcow2', 'zstd')!),
    );
    expect(error).to.have.property('message').that.contains('none.raw');
  });
});
