import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { architectures } from './architectures.js';
import { detectAcceleration, kvmIsOfAnotherGroup, type Acceleration } from './acceleration.js';

describe('detectAcceleration', () => {
  let directory: string;
  let kvmDevice: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'virtualisation-'));
    kvmDevice = join(directory, 'kvm');
    writeFileSync(kvmDevice, '');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** A machine whose processors have these flags. */
  async function withFlags(flags: string, architecture = 'x64'): Promise<Acceleration> {
    const cpuInfo = join(directory, 'cpuinfo');
    const processor = `processor\t: 0\nmodel name\t: svm or vmx?\nflags\t\t: ${flags}\nvmx flags\t: vnmi ept\nbugs\t\t: itlb_multihit\n\n`;
    writeFileSync(cpuInfo, processor + processor);
    return detectAcceleration(architectures.x86_64, { kvmDevice, cpuInfo, architecture });
  }

  it('takes KVM where the processor has the extension and the device is usable', async () => {
    for (const flags of ['fpu vmx sse2', 'fpu svm', 'vmx', 'svm sse2']) {
      expect(await withFlags(flags), flags).to.deep.equal({ virtType: 'kvm', reason: `${kvmDevice} is usable` });
    }
  });

  it('does not trust a device without the extension', async () => {
    for (const flags of ['fpu sse2 hypervisor', 'fpu vmxoff tsvm svm_lock', '']) {
      const { virtType, reason } = await withFlags(flags);
      expect(virtType, flags).to.equal('qemu');
      expect(reason).to.contain('neither vmx nor svm');
    }
  });

  it("does not take a machine's KVM for guests of another architecture", async () => {
    const { virtType, reason } = await withFlags('vmx', 'arm64');
    expect(virtType).to.equal('qemu');
    expect(reason).to.equal('this machine is of another architecture than x86_64');
  });

  it('needs the device', async () => {
    rmSync(kvmDevice);
    expect(await withFlags('vmx')).to.deep.equal({
      virtType: 'qemu',
      reason: `there is no ${kvmDevice} (is the module kvm_intel or kvm_amd loaded?)`,
    });
  });

  it('needs the right to use the device', async function () {
    if (process.getuid?.() === 0) {
      console.log('      skipped: everything is open to root; run it as a normal user with: npx mocha');
      this.skip();
    }
    chmodSync(kvmDevice, 0o400);
    const { virtType, reason } = await withFlags('vmx');
    expect(virtType).to.equal('qemu');
    expect(reason).to.equal(`this user may not open ${kvmDevice} (add the user to the group kvm: adduser $USER kvm)`);
  });

  it('takes software where nothing tells of the processor', async () => {
    const machine = { kvmDevice, cpuInfo: join(directory, 'missing'), architecture: 'x64' };
    expect((await detectAcceleration(architectures.x86_64, machine)).virtType).to.equal('qemu');
  });

  it('knows of this machine', async () => {
    expect((await detectAcceleration(architectures.x86_64)).virtType).to.be.oneOf(['kvm', 'qemu']);
  });
});

describe('kvmIsOfAnotherGroup', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'virtualisation-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Where the group kvm has this number, and a device of ours has this mode. */
  function withGroup(gid: number, mode: number): Promise<boolean> {
    const kvmDevice = join(directory, 'kvm');
    writeFileSync(kvmDevice, '');
    chmodSync(kvmDevice, mode);
    const groups = join(directory, 'group');
    writeFileSync(groups, `root:x:0:\nnotkvm:x:1:\nkvm:x:${gid}:ops\n`);
    return kvmIsOfAnotherGroup({ kvmDevice, groups });
  }

  it('compares the device with the group', async () => {
    const { gid } = statSync(directory);
    expect(await withGroup(gid, 0o660)).to.equal(false);
    expect(await withGroup(gid + 1, 0o660)).to.equal(true);
  });

  it('has nothing against a device that is open to all, or where there is no such device or group', async () => {
    const { gid } = statSync(directory);
    expect(await withGroup(gid + 1, 0o666)).to.equal(false);
    const missing = join(directory, 'missing');
    expect(await kvmIsOfAnotherGroup({ kvmDevice: missing, groups: '/etc/group' })).to.equal(false);
    expect(await kvmIsOfAnotherGroup({ kvmDevice: directory, groups: missing })).to.equal(false);
  });
});
