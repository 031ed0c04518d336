import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeDisk, program } from '../../test/support/disk.js';
import { changeEnvironment, testHost } from '../../test/support/host.js';
import { plant, together, type PlantedSystem } from '../../test/support/planted-system.js';
import { plantings } from '../../test/support/plantings.js';
import { SystemFiles } from '../disk/system-files.js';
import { readSystem } from '../disk/system.js';
import { Volumes } from '../disk/volumes.js';
import { checkImage, repairImage } from './check-image.js';
import { check, repair, repairingRulesWithout } from './check.js';
import { rules } from './rules.js';
import { isGolden } from './summary.js';

const MiB = 2 ** 20;
/** What tells the root directory of a system. */
const base: PlantedSystem = { '/etc/os-release': 'ID=debian\n', '/usr/bin/true': 'x' };
const all = Object.values(plantings);

describe('the check of an image', function () {
  this.timeout(10 * 60_000);

  let directory: string;
  let disk: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'golden check-'));
    disk = join(directory, 'disk.raw');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** A disk as an installer makes it, rootless: ext4, and swap with something in it if it was used. */
  function installed(system: PlantedSystem, swap: '' | 'swapped out'): void {
    const content = join(directory, 'content');
    mkdirSync(content);
    plant(content, { ...base, ...system });
    makeDisk(disk, 'dos', [
      { type: 'L', size: 64, fileSystem: 'ext4', content },
      { type: 'S', size: 8, fileSystem: 'swap' },
    ]);
    const handle = openSync(disk, 'r+');
    writeSync(handle, swap, 65 * MiB + 5 * MiB);
    closeSync(handle);
  }

  const how = () => ({ rules, scratch: directory });
  const sum = (file: string) => program('sha256sum', [file]).split(' ')[0];
  const rulesOf = (findings: readonly { readonly rule: string }[]) => [...new Set(findings.map(({ rule }) => rule))];

  it('copies no initial RAM disk out of a system that is only to be repaired', () => {
    expect(repairingRulesWithout([]).flatMap(({ copies = [] }) => copies)).to.deep.equal([]);
    const names = repairingRulesWithout(['machine-id']).map(({ name }) => name);
    expect(names).to.include('dbus-machine-id').and.not.include('machine-id');
  });

  it('finds every rule broken on a dirty disk, writes nothing to it, and repairs a copy', async () => {
    installed(together(all.map(({ planted }) => planted)), 'swapped out');
    const before = sum(disk);
    const found = await checkImage(testHost(), disk, how());
    // A unit that makes host keys is not there, nor one that starts.
    expect(rulesOf(found)).to.have.members(rules.map(({ name }) => name));
    const copy = join(directory, 'copy.raw');
    const { repaired, left } = await repairImage(testHost(), disk, copy, how());
    expect(sum(disk)).to.equal(before);
    const repairable = rules.filter(({ repair }) => repair !== undefined).map(({ name }) => name);
    expect(rulesOf(repaired)).to.have.members(repairable);
    expect(rulesOf(left)).to.have.members(rules.map(({ name }) => name).filter((name) => !repairable.includes(name)));
    program('e2fsck', ['-f', '-n', `${copy}?offset=${MiB}`]);
    expect(readFileSync(copy).includes('swapped out')).to.be.false;
    const ask = (request: string) => program('debugfs', ['-R', request, `${copy}?offset=${MiB}`]);
    expect(ask('cat /etc/systemd/system/ssh-host-keys.service')).to.contain('ssh-keygen -A');
    expect(ask('stat /etc/systemd/system/ssh.service.requires/ssh-host-keys.service')).to.contain('Type: symlink');
    expect(ask('cat /etc/fstab')).to.match(/^UUID=[0-9a-f-]{36} \/ ext4/);
    // What only you can decide stays.
    expect(ask('cat /root/.ssh/id_ed25519')).to.equal('x\n');
  });

  it('finds nothing where all looks like it and is right, and changes nothing', async () => {
    const ends = together(['no-ssh-server', 'no-time-service'].map((name) => plantings[name]!.innocent));
    installed({ ...together(all.map(({ innocent }) => innocent)), ...ends }, '');
    expect(await checkImage(testHost(), disk, how())).to.deep.equal([]);
    const copy = join(directory, 'copy.raw');
    expect(await repairImage(testHost(), disk, copy, how())).to.deep.equal({ repaired: [], left: [] });
  });

  it('lists each level of directories in one process, and copies all that it reads in another', async () => {
    installed(together(all.map(({ planted }) => planted)), '');
    const system = await Volumes.use(testHost(), disk, (volumes) => readSystem(volumes));
    const host = testHost();
    await Volumes.use(host, disk, (volumes) => check(host, new SystemFiles(system, volumes), rules));
    const calls = host.log.lines.filter((line) => line.includes('Calling debugfs'));
    // The deepest pattern has eight names, and below /etc/** the tree is not deeper.
    expect(calls.length).to.be.within(4, 10);
  });

  it('needs nothing in the directory for temporary files where its host has another place', async () => {
    installed(together(all.map(({ planted }) => planted)), '');
    const scratch = join(directory, 'a "place"');
    mkdirSync(scratch);
    const host = { ...testHost(), scratch };
    const restore = changeEnvironment({ TMPDIR: '/nowhere' });
    try {
      await Volumes.use(host, disk, async (volumes) => {
        const files = new SystemFiles(await readSystem(volumes), volumes);
        expect((await repair(host, files, rules)).repaired.length).to.be.greaterThan(1);
      });
    } finally {
      restore();
    }
    expect(readdirSync(scratch)).to.deep.equal([]);
  });

  it('checks a qcow2, whose format and compression the repaired copy has', async () => {
    installed(plantings['machine-id']!.planted, '');
    const image = join(directory, 'image.qcow2');
    program('qemu-img', ['convert', '-O', 'qcow2', '-c', '-o', 'compression_type=zstd', disk, image]);
    expect(rulesOf(await checkImage(testHost(), image, how()))).to.include('machine-id');
    const copy = join(directory, 'copy.qcow2');
    const { left } = await repairImage(testHost(), image, copy, how());
    expect(isGolden(left)).to.be.true;
    expect(program('qemu-img', ['info', copy]))
      .to.contain('file format: qcow2')
      .and.contain('compression type: zstd');
    expect(rulesOf(await checkImage(testHost(), copy, how()))).not.to.include('machine-id');
  });

  it('reads a raw disk that was not unmounted from a copy', async () => {
    installed(plantings['machine-id']!.planted, '');
    program('debugfs', ['-w', '-R', 'feature needs_recovery', `${disk}?offset=${MiB}`]);
    const before = sum(disk);
    expect(rulesOf(await checkImage(testHost(), disk, how()))).to.include('machine-id');
    expect(sum(disk)).to.equal(before);
  });

  it('refuses an image that is only a part of one', async () => {
    installed({}, '');
    const overlay = join(directory, 'overlay.qcow2');
    program('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', disk, overlay]);
    const refused = await checkImage(testHost(), overlay, how()).catch((error: Error) => error.message);
    expect(refused).to.match(/overlay\.qcow2 is only a part of a disk: the rest is in .*disk\.raw$/);
  });
});
