import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { changeEnvironment } from '../support/host.js';
import { whileCollecting } from '../support/collecting.js';

/** Each time limit of the program, in a process where garbage is collected all the time. */
describe('time limits', () => {
  let directory: string;
  let restore: () => void;

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'time-limits-'));
    const standIns = {
      // A guest that runs and shows nothing.
      virsh: 'case "$*" in *domstate*) echo "running (booted)";; *agent*) exit 1;; esac',
      'virt-install': 'case "$*" in *--import*) ;; *) exec sleep 300;; esac',
      'qemu-img': 'exit 0',
    };
    for (const [name, script] of Object.entries(standIns)) {
      writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    writeFileSync(join(directory, 'image'), '');
    restore = changeEnvironment({ PATH: `${directory}:${process.env.PATH}` });
  });
  after(() => {
    restore();
    rmSync(directory, { recursive: true });
  });

  const prelude = () => `
    const directory = ${JSON.stringify(directory)};
    const log = { debug() {}, info() {}, warn() {}, error() {}, progress() {}, finding() {} };
    const host = { log, signal: new AbortController().signal, release: new ReleaseStack() };
    const libvirt = new Libvirt(host, 'test:///default');
    const hardware = { architecture: defaultArchitecture, firmware: defaultArchitecture.firmwares[0], devices: { disk: 'virtio', net: 'virtio', type: undefined }, virtType: 'qemu', cores: 1, ram: 2 ** 28,
      mac: undefined };
    const consoleLog = directory + '/console.log';
    const machine = { hardware, connect: 'test:///default', osinfo: 'x', domain: 'd', consoleLog,
      nvram: directory + '/nvram' };
    const tell = (promise) => promise.then(() => 'no failure', (error) => error.message).then((said) => console.log(said));`;
  const imports = {
    defaultArchitecture: 'src/machine/architectures.ts',
    Libvirt: 'src/machine/libvirt.ts',
    ReleaseStack: 'src/host/release-stack.ts',
  };

  it('end a boot test', async () => {
    const script = `${prelude()}
      await tell(bootTest(host, libvirt, { machine, image: directory + '/image', format: 'raw', timeout: 1500,
        overlay: directory + '/overlay', screenshot: directory + '/screen.png', scratchDirectory: directory,
        demand: { kind: 'agent' } }));`;
    expect(await whileCollecting({ ...imports, bootTest: 'src/boot/boot-test.ts' }, script)).to.match(
      /^timed out after 2 seconds .* waiting for qemu-guest-agent/,
    );
  });

  it('end an installation', async () => {
    const script = `${prelude()}
      await tell(install(host, libvirt, { machine, disk: directory + '/disk.raw', answerFile: directory + '/a.cfg',
        spec: { append: '', vnc: undefined, origin: { answerFile: { kind: 'preseed' } } },
        location: { kind: 'netboot', directory, linux: 'linux', initrd: 'initrd.gz' }, scratchDirectory: directory }, 1500));`;
    expect(await whileCollecting({ ...imports, install: 'src/install/installation.ts' }, script)).to.match(
      /^the installation did not finish within 2 seconds/,
    );
  });
});
