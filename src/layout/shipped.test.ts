import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { layoutFile, shippedLayoutNames } from '../config/layout-file.js';
import { programDirectory } from '../host/program-directory.js';
import { fstabText } from './fstab-text.js';
import { parseLayout } from './parse.js';
import { gptTypes } from './partition-types.js';
import { planLayout } from './plan.js';
import { GiB, problems } from '../../test/support/layout.js';

function shipped(name: string, imageSize = 20 * GiB) {
  const file = layoutFile(name);
  const { layout, findings } = planLayout(parseLayout(readFileSync(file, 'utf8'), file), { imageSize });
  expect(findings, name).to.be.empty;
  return layout;
}

const mounts = (name: string) => shipped(name).fileSystems.map(({ mount, type }) => mount ?? type);

describe('the shipped layouts', () => {
  it('fit on the smallest disk that a section has by default', () => {
    expect(shippedLayoutNames()).to.deep.equal(['bios', 'hybrid', 'lvm', 'server', 'uefi']);
    for (const name of shippedLayoutNames()) shipped(name, 2 * GiB);
  });

  it('are for a BIOS, for UEFI, or for both', () => {
    const types = (name: string) => shipped(name).disks[0]?.partitions.map(({ type }) => type);
    const { biosBoot, efiSystem, linux, linuxLvm } = gptTypes;
    expect(types('bios')).to.deep.equal(['0x83']);
    expect(types('uefi')).to.deep.equal([efiSystem, linux]);
    expect(types('hybrid')).to.deep.equal([biosBoot, efiSystem, linux]);
    for (const name of ['lvm', 'server']) expect(types(name)).to.deep.equal([biosBoot, efiSystem, linuxLvm]);
  });

  it('are of one file system, or of several on LVM', () => {
    expect(mounts('bios')).to.deep.equal(['/']);
    expect(mounts('hybrid')).to.deep.equal(['/', '/boot/efi']);
    expect(mounts('lvm')).to.deep.equal(['/', '/boot/efi', '/home', '/var', 'swap']);
    expect(mounts('server')).to.deep.equal([
      '/',
      '/boot/efi',
      '/home',
      '/tmp',
      '/var',
      '/var/log',
      '/var/log/audit',
      '/var/tmp',
    ]);
  });

  it('leave nothing of a volume group unused', () => {
    for (const name of ['lvm', 'server']) {
      const { volumeGroups, disks } = shipped(name);
      const used = volumeGroups[0]?.volumes.reduce((sum, { size }) => sum + size, 0) ?? 0;
      const whole = (disks[0]?.partitions.at(-1)?.size ?? 0) * 512;
      expect(whole - used, name).to.be.lessThan(5 * 2 ** 20);
    }
  });

  it('mount what users fill without devices, and what they need not run without programs', () => {
    const lines = shipped('server').fstab.map(fstabText);
    expect(lines).to.include('LABEL=tmp /tmp ext4 defaults,nodev,nosuid,noexec 0 2');
    expect(lines).to.include('LABEL=home /home ext4 defaults,nodev,nosuid 0 2');
  });
});

describe('the layouts of the documents', () => {
  /** Blocks of code that begin with a disk. */
  const blocks = (file: string) =>
    [...readFileSync(join(programDirectory, file), 'utf8').matchAll(/^ {4}- local_loop:.*\n(?:(?: {4}.*)?\n)*/gm)]
      .map(([block]) => block.replace(/^ {4}/gm, ''))
      .filter((block) => block.includes('mount_point'));

  for (const [file, count] of Object.entries({ 'docs/layouts.md': 3, 'man/image-factory.conf.5.md': 1 })) {
    it(`are right in ${file}`, () => {
      expect(blocks(file)).to.have.length(count);
      for (const block of blocks(file)) expect(problems(block, 20 * GiB), block).to.be.empty;
    });
  }
});

describe('the file of a layout', () => {
  it('is that of a shipped one, or a path relative to the file that names it', () => {
    expect(layoutFile('hybrid')).to.match(/\/layouts\/hybrid\.yaml$/);
    expect(layoutFile('./hybrid', '/etc/image-factory.conf')).to.equal('/etc/hybrid');
    expect(layoutFile('my.yaml', '/etc/image-factory.conf')).to.equal('/etc/my.yaml');
    expect(layoutFile('/srv/my.yaml', '/etc/image-factory.conf')).to.equal('/srv/my.yaml');
    expect(layoutFile('my.yml')).to.equal(`${process.cwd()}/my.yml`);
  });

  it('is suggested where a name is nearly right', () => {
    expect(() => layoutFile('hybird')).to.throw(
      "one of the shipped layouts bios, hybrid, lvm, server, uefi, or a YAML file such as './my.yaml' (did you mean 'hybrid'?)",
    );
  });
});
