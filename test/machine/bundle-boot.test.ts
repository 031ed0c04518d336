import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { inspectImage } from '../../src/disk/image-file.js';
import { withReadableBundle } from '../../src/bundles/proof.js';
import type { BundleRecord } from '../../src/bundles/record.js';
import { diskSource } from '../../src/bundles/source.js';
import { makeAll, shippedTargets, systemTree, target } from '../support/bundled-system.js';
import { grubDisk } from '../support/grub-disk.js';
import { testHost } from '../support/host.js';

/** What the boot loader on the disk shows. */
const prompt = 'bundled login: ';

describe('a bundle with a disk', () => {
  let scratch: string;
  let made: BundleRecord[];
  const host = testHost();
  // Those for Xen need Xen; a compressed raw disk is for no machine.
  const names = shippedTargets('disk').filter((name) => !/^(?:xen-|xva$|raw-)/.test(name));
  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'image-factory-bundle-boot-'));
    const disk = join(scratch, 'disk.raw');
    grubDisk(disk, { bios: 'bundled', uefi: 'bundled', content: systemTree(join(scratch, 'tree')) });
    mkdirSync(join(scratch, 'work'));
    const source = diskSource(host, await inspectImage(host, disk), join(scratch, 'work'));
    made = await makeAll(
      host,
      join(scratch, 'out'),
      names.map((name) => target(name)),
      source,
    );
  });
  after(() => rmSync(scratch, { recursive: true, force: true }));

  for (const name of names) {
    it(`boots: ${name}`, async () => {
      const disk = made.find((record) => record.target === name)?.disk;
      if (disk === undefined) throw new Error(`${name} holds no disk`);
      const said = await withReadableBundle(host, join(scratch, 'out'), disk, (path) => started(path, disk.format));
      expect(said).to.include(prompt);
    });
  }
});

/** What a machine says on its serial console until the boot loader waits; the disk is only read. */
function started(disk: string, format: string): Promise<string> {
  const machine = spawn(
    'qemu-system-x86_64',
    [
      ...['-machine', 'pc,accel=tcg', '-m', '64', '-nodefaults', '-no-user-config', '-display', 'none'],
      ...['-serial', 'stdio', '-snapshot', '-drive', `file=${disk},format=${format},if=ide`],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  return new Promise((resolve, reject) => {
    let said = '';
    const limit = setTimeout(() => machine.kill(), 300_000);
    machine.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      if (said.includes(prompt)) machine.kill();
    });
    // What QEMU says of itself is of interest where the prompt does not come.
    machine.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')));
    machine.on('error', reject);
    machine.on('close', () => {
      clearTimeout(limit);
      resolve(said);
    });
  });
}
