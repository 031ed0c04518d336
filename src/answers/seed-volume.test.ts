import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { AnswerFileKind } from '../config/image-spec.js';
import { testHost } from '../../test/support/host.js';
import { makeSeedVolume, readsSeedVolume } from './seed-volume.js';

describe('makeSeedVolume', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'seed volume-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  /** The file that a seed volume has under a name, byte for byte. */
  function read(volume: string, name: string): string {
    const copy = join(directory, `copy of ${name}`);
    execFileSync('xorriso', ['-osirrox', 'on', '-indev', volume, '-extract', `/${name}`, copy], { stdio: 'ignore' });
    return readFileSync(copy, 'utf8');
  }

  async function make(userData: string, kind: AnswerFileKind = 'autoinstall'): Promise<string> {
    const answerFile = join(directory, 'answers');
    const seed = { kind, volume: join(directory, 'seed.iso'), scratchDirectory: join(directory, 'seed') };
    writeFileSync(answerFile, userData, { mode: 0o600 });
    await makeSeedVolume(testHost(), answerFile, seed);
    expect(existsSync(seed.scratchDirectory)).to.be.false;
    return seed.volume;
  }

  it('makes the volume by which cloud-init knows its data', async () => {
    const userData = '#cloud-config\nautoinstall:\n  version: 1 # ✓\n';
    const volume = await make(userData);
    const said = execFileSync('blkid', ['--probe', '--output', 'export', volume], { encoding: 'utf8' });
    expect(said.split('\n')).to.include.members(['LABEL=CIDATA', 'TYPE=iso9660']);
    expect(read(volume, 'user-data')).to.equal(userData);
    expect(read(volume, 'meta-data')).to.equal('instance-id: image-factory\n');
  });

  it("makes the volume that Agama's documentation names", async () => {
    const volume = await make('{ "product": { "id": "Leap_16.0" } }', 'agama');
    const said = execFileSync('blkid', ['--probe', '--output', 'export', volume], { encoding: 'utf8' });
    expect(said.split('\n')).to.include('LABEL=OEMDRV');
    expect(read(volume, 'autoinst.json')).to.equal('{ "product": { "id": "Leap_16.0" } }');
  });

  it('is small, and nobody else can read it', async () => {
    const { mode, size } = statSync(await make('x'.repeat(200_000)));
    expect(mode & 0o777).to.equal(0o600);
    expect(size).to.be.lessThan(1_000_000);
  });

  it('takes the place of an older one', async () => {
    await make('an older one');
    expect(read(await make('the newer one'), 'user-data')).to.equal('the newer one');
  });
});

describe('readsSeedVolume', () => {
  it('tells the installers that look for one', () => {
    expect(readsSeedVolume('autoinstall')).to.be.true;
    expect(readsSeedVolume('preseed')).to.be.false;
  });
});
