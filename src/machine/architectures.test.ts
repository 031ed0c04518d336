import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { programs } from '../host/programs.js';
import { architectureNamed, architectures, processorForQemu, type Architecture } from './architectures.js';

const root = new URL('../', import.meta.url).pathname;
const tables = ['machine/architectures.ts', 'machine/firmware.ts', 'host/programs.ts'];

/** The program's code without comments. */
function code(): Map<string, string> {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return new Map(
    files
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !tables.includes(name))
      .map((name) => [name, readFileSync(join(root, name), 'utf8').replace(/^\s*(\/\/|\/?\*).*$/gm, '')]),
  );
}

describe('the architectures', () => {
  for (const [name, architecture] of Object.entries<Architecture>(architectures)) {
    it(`call ${name} as it calls itself, and have a package for its emulator`, () => {
      expect(architecture.name).to.equal(name);
      expect(programs[architecture.emulator].package).to.match(/^qemu-system-/);
      expect(architecture.rootPartitionType).to.match(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    });
  }

  it('are known by the words of Debian and of the kernel', () => {
    const known = ['amd64', 'x86_64', 'arm64', 'aarch64', 'ppc64el', 'sparc'].map(
      (word) => architectureNamed(word)?.name,
    );
    expect(known).to.deep.equal(['x86_64', 'x86_64', 'aarch64', 'aarch64', 'ppc64le', undefined]);
  });

  it('say the emulated processor as QEMU does, too', () => {
    const said = Object.values<Architecture>(architectures).map(processorForQemu);
    expect(said).to.deep.equal(['max,-erms', 'neoverse-n1', 'max', 'max']);
  });

  it('are the only place that names an emulator, a console device, an emulated processor or a text screen', () => {
    const words =
      /qemu-system-\w|\btty(S|AMA)\d|\bhvc0|mode=maximum|host-model|neoverse|\berms\b|0xb8000|OVMF|AAVMF|\bq35\b/;
    const found = [...code()].filter(([, text]) => words.test(text)).map(([file]) => file);
    // The console of a guest of Xen is Xen's, on any architecture.
    expect(found.filter((file) => !/^bundles\/disks\/(xen|xva)\.ts$/.test(file))).to.deep.equal([]);
  });

  it("are asked for a guest, never the builder's own; only KVM depends on that, and container images, which no guest runs", () => {
    const found = [...code()].filter(([, text]) => text.includes('process.arch')).map(([file]) => file);
    expect(found.filter((file) => !file.startsWith('layers/'))).to.deep.equal(['machine/acceleration.ts']);
  });
});
