import { expect } from 'chai';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { checkSpace, shortages, type SpaceNeed } from './disk-space.js';
import { Failure } from './failure.js';
import { recordedLog, rejection } from '../../test/support/host.js';

const MiB = 2 ** 20;

const need = (what: string, directory: string, least: number, most = least): SpaceNeed => ({
  what,
  directory,
  least: least * MiB,
  most: most * MiB,
});

describe('disk space', () => {
  it('adds up what goes to one file system', () => {
    const needs = [need('the disk', '/srv/images', 300), need('netboot files', '/srv/cache', 100)];
    expect(shortages([{ free: 400 * MiB, needs }]).errors).to.deep.equal([]);
    expect(shortages([{ free: 399 * MiB, needs }]).errors).to.deep.equal([
      'not enough space in /srv/images and /srv/cache: 400 MiB needed (the disk 300 MiB, netboot files 100 MiB), 399 MiB free',
    ]);
  });

  it('counts file systems apart', () => {
    const disk = { free: 300 * MiB, needs: [need('the disk', '/srv', 300)] };
    const cache = { free: 10 * MiB, needs: [need('netboot files', '/var', 100)] };
    expect(shortages([disk, cache]).errors).to.deep.equal([
      'not enough space in /var: 100 MiB needed for netboot files, 10 MiB free',
    ]);
  });

  it('only warns of what may not come to so much', () => {
    const needs = [need('the disk', '/srv', 300), need('the image', '/srv', 0, 300)];
    expect(shortages([{ free: 500 * MiB, needs }])).to.deep.equal({
      errors: [],
      warnings: ['Space may run out in /srv: 600 MiB needed (the disk 300 MiB, the image 300 MiB), 500 MiB free'],
    });
    expect(shortages([{ free: 200 * MiB, needs }]).warnings).to.deep.equal([]);
  });

  it('looks at the nearest directory that exists', async () => {
    const log = recordedLog();
    await checkSpace(log, [need('the disk', join(tmpdir(), 'not-yet', 'made'), 1)]);
    expect(log.lines).to.deep.equal([]);
    const error = await rejection(checkSpace(log, [need('the disk', '/not-yet', 2 ** 40)]));
    expect(error).to.be.instanceOf(Failure).with.property('hint').that.includes('image-size');
  });

  it('finds a real file system too small', async function () {
    if (process.getuid?.() !== 0) {
      console.log('        skipped: only root mounts a file system; run: sudo make check');
      this.skip();
    }
    const directory = await mkdtemp(join(tmpdir(), 'disk-space-'));
    const script = `
      import { checkSpace } from ${JSON.stringify(new URL('./disk-space.ts', import.meta.url).href)};
      const log = { warn: (line) => console.log(line) };
      const disk = (least, most) => ({ what: 'the disk', directory: ${JSON.stringify(directory)}, least, most });
      await checkSpace(log, [disk(1e6, 32 * 2 ** 20)]);
      await checkSpace(log, [disk(32 * 2 ** 20, 32 * 2 ** 20)]).catch(({ message }) => console.log(message));`;
    const inNamespace = `mount -t tmpfs -o size=16m none ${directory} && exec "$@"`;
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', script];
    try {
      const cwd = fileURLToPath(new URL('../..', import.meta.url));
      const { stdout } = await execa('unshare', ['--mount', 'sh', '-c', inNamespace, 'sh', ...node], { cwd });
      const shortage = `${directory}: 32 MiB needed for the disk, 16 MiB free`;
      expect(stdout.split('\n')).to.deep.equal([`Space may run out in ${shortage}`, `not enough space in ${shortage}`]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
