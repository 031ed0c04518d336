import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../host/failure.js';
import { run } from '../host/host.js';
import type { VirtType } from '../machine/acceleration.js';
import type { Hardware, Machine } from '../machine/virtual-machine.js';
import { architectures } from '../machine/architectures.js';
import { findProgram } from '../host/programs.js';
import { testHost } from '../../test/support/host.js';
import { kernelArguments, virtInstallCommand, type Installation } from './virt-install.js';

const installation: Installation = {
  spec: {
    append: 'console=ttyS0',
    vnc: undefined,
    origin: { answerFile: { kind: 'preseed' } },
  },
  machine: {
    hardware: {
      architecture: architectures.x86_64,
      firmware: 'bios',
      virtType: 'kvm',
      cores: 2,
      ram: 1536 * 2 ** 20 + 1000,
      mac: undefined,
    },
    osinfo: 'detect=on,require=off',
    connect: 'qemu:///session',
    domain: 'debian-12-2026-11-21',
    consoleLog: '/srv/images/console.log',
  },
  disk: '/srv/images/disk.raw',
  location: { kind: 'netboot', directory: '/cache/debian-12', linux: 'linux', initrd: 'initrd.gz' },
  answerFile: '/srv/images/debian.preseed',
  scratchDirectory: '/srv/images/scratch',
};

/** The installation's machine with other hardware. */
function machineWith(changed: Partial<Hardware>): Machine {
  return { ...installation.machine, hardware: { ...installation.machine.hardware, ...changed } };
}

/** The value that follows an option. */
function valueOf(option: string, changed: Partial<Installation> = {}): string | undefined {
  const { args } = virtInstallCommand({ ...installation, ...changed });
  const index = args.indexOf(option);
  return index < 0 ? undefined : args[index + 1];
}

describe('kernelArguments', () => {
  it('name the answer file as each installer wants it, before what the section appends', () => {
    const append = 'console=ttyS0 quiet';
    expect(kernelArguments('preseed', 'a.cfg', append, 'kvm')).to.equal(`preseed/url=file:///a.cfg ${append}`);
    expect(kernelArguments('kickstart', 'a.ks', append, 'kvm')).to.equal(
      `inst.ks=file:///a.ks ks=file:///a.ks ${append}`,
    );
    expect(kernelArguments('yast', 'a.xml', append, 'kvm')).to.equal(`autoyast=file:///a.xml ${append}`);
    expect(kernelArguments('agama', 'a.json', append, 'kvm')).to.equal(
      `inst.auto=label://OEMDRV/autoinst.json inst.finish=poweroff ${append}`,
    );
  });

  it('have no proxy where none is set', () => {
    expect(kernelArguments('yast', 'a', 'a=1 proxy= b=2', 'kvm')).to.equal('autoyast=file:///a a=1 b=2');
    expect(kernelArguments('yast', 'a', 'a=1 proxy=', 'kvm')).to.equal('autoyast=file:///a a=1');
    const set = 'no.proxy= proxy=http://proxy.example.org/ a= b';
    expect(kernelArguments('yast', 'a', set, 'kvm')).to.equal(`autoyast=file:///a ${set}`);
  });

  it('spare emulation in software to translate a library for each process, where they do not stay', () => {
    expect(kernelArguments('preseed', 'a.cfg', 'quiet --- splash', 'qemu')).to.equal(
      'preseed/url=file:///a.cfg norandmaps quiet --- splash',
    );
    for (const kind of ['kickstart', 'autoinstall'] as const) {
      expect(kernelArguments(kind, 'a', 'quiet', 'qemu')).to.match(/ norandmaps quiet$/);
    }
    for (const kind of ['yast', 'agama'] as const) {
      expect(kernelArguments(kind, 'a', 'quiet', 'qemu')).not.to.contain('norandmaps');
    }
  });

  it('have no blank at their end', () => {
    expect(kernelArguments('preseed', 'a.cfg', '', 'kvm')).to.equal('preseed/url=file:///a.cfg');
  });
});

describe('virtInstallCommand', () => {
  it('says what the Python image-factory said', () => {
    expect(virtInstallCommand(installation).args).to.include.members(['--noreboot', '--noautoconsole']);
    const said = {
      '--connect': 'qemu:///session',
      '--wait': '-1',
      '--name': 'debian-12-2026-11-21',
      '--vcpus': '2',
      '--memory': '1536',
      '--network': 'user,model=virtio',
      '--graphics': 'none',
      '--console': 'pty,target_type=serial',
      '--location': '/cache/debian-12,kernel=linux,initrd=initrd.gz',
      '--extra-args': 'preseed/url=file:///debian.preseed console=ttyS0',
      '--initrd-inject': '/srv/images/debian.preseed',
    };
    for (const [option, value] of Object.entries(said)) expect(valueOf(option), option).to.equal(value);
    expect(valueOf('--disk')).to.match(/^path=\/srv\/images\/disk\.raw,bus=virtio,format=raw,/);
  });

  it('gives an emulated processor all that there is but what slows it down, and leaves a real one alone', () => {
    const by = (virtType: VirtType) => valueOf('--cpu', { machine: machineWith({ virtType }) });
    expect(by('qemu')).to.equal('mode=maximum,disable=erms');
    expect(by('kvm')).to.equal(undefined);
  });

  it("names the architecture where it is not the builder's, and the firmware where it is not the usual one", () => {
    const own = process.arch === architectures.x86_64.nodeName ? undefined : 'x86_64';
    expect(valueOf('--arch')).to.equal(own);
    const other = { ...architectures.x86_64, name: 'other', nodeName: 'mips' as const };
    expect(valueOf('--arch', { machine: machineWith({ architecture: other }) })).to.equal('other');
    expect(valueOf('--boot')).to.equal(undefined);
    expect(valueOf('--boot', { machine: machineWith({ firmware: 'uefi' }) })).to.equal('uefi');
  });

  it('shows the screen where the section asks for it', () => {
    const { spec } = installation;
    expect(valueOf('--graphics', { spec: { ...spec, vnc: { listen: '', port: 5903 } } })).to.equal('vnc,port=5903');
    expect(valueOf('--graphics', { spec: { ...spec, vnc: { listen: '::1', port: 5901 } } })).to.equal(
      'vnc,port=5901,listen=::1',
    );
  });

  it('takes a network card and a medium as the section has them', () => {
    const machine = machineWith({ mac: '52:54:00:12:34:56' });
    expect(valueOf('--network', { machine })).to.equal('user,model=virtio,mac=52:54:00:12:34:56');
    expect(valueOf('--location', { location: { kind: 'medium', file: '/srv/a,b.iso' } })).to.equal('/srv/a\\,b.iso');
  });

  it('attaches the seed volume behind the disk, to be read only, where the installer looks for one', () => {
    const spec = { ...installation.spec, origin: { answerFile: { kind: 'autoinstall' as const } } };
    const { args } = virtInstallCommand({ ...installation, spec, seedVolume: '/srv/images/a,b.iso' });
    const disks = args.filter((_, index) => args[index - 1] === '--disk');
    expect(disks[0]).to.match(/^path=\/srv\/images\/disk\.raw,/);
    expect(disks.slice(1)).to.deep.equal(['path=/srv/images/a\\,b.iso,bus=virtio,format=raw,readonly=on']);
    expect(args).not.to.include('--initrd-inject');
    expect(valueOf('--extra-args', { spec, seedVolume: '/srv/seed.iso' })).to.equal('autoinstall console=ttyS0');
    expect(() => virtInstallCommand({ ...installation, spec })).to.throw(Failure, 'no seed volume');
  });

  it('keeps what virt-install writes in a directory that is removed afterwards', () => {
    expect(virtInstallCommand(installation).env).to.include({ XDG_CACHE_HOME: '/srv/images/scratch' });
  });

  it('refuses the names that virt-install would get wrong', () => {
    for (const name of ['R&D', '<a>', 'say "x"', "it's"]) {
      const machine = { ...installation.machine, consoleLog: `/srv/${name}.log` };
      for (const changed of [{ disk: `/srv/${name}/disk.raw` }, { machine }]) {
        expect(() => virtInstallCommand({ ...installation, ...changed }), name).to.throw(Failure, `/srv/${name}`);
      }
    }
  });

  describe('as virt-install itself understands it', () => {
    let directory: string;
    beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'virt-install-'))));
    afterEach(() => rmSync(directory, { recursive: true }));

    it('names files whatever characters are in their paths', async function () {
      if (findProgram('virt-install') === undefined) {
        console.log('      skipped: virt-install is not installed; run it with: make check');
        this.skip();
      }
      const base = join(directory, `images, 'old' and "new" \\ ü`);
      const boot = join(base, `boot,"'\\`);
      mkdirSync(boot, { recursive: true });
      const netboot = { linux: 'linux,1', initrd: "initrd'.gz" };
      for (const name of Object.values(netboot)) writeFileSync(join(boot, name), '');
      const disk = join(directory, 'disk, size=1 \\ =.raw');
      for (const file of [disk, join(base, 'a.cfg')]) writeFileSync(file, '');
      const called = virtInstallCommand({
        ...installation,
        // libvirt's own driver for tests knows only guests of its own type, and needs no daemon.
        machine: {
          ...machineWith({ virtType: 'test' as 'qemu' }),
          connect: 'test:///default',
          consoleLog: join(directory, 'con,sole.log'),
        },
        spec: { ...installation.spec, append: `a="b, c" d='&<e>'` },
        disk,
        location: { kind: 'netboot', directory: boot, ...netboot },
        answerFile: join(base, 'a.cfg'),
        scratchDirectory: join(directory, 'scratch'),
      });
      const { stdout } = await run(testHost(), { ...called, args: [...called.args, '--print-xml', '1', '--dry-run'] });
      expect(stdout).to.contain(`<source file="${disk}"/>`);
      expect(stdout).to.contain(`<log file="${join(directory, 'con,sole.log')}" append="off"/>`);
      expect(stdout).to.contain(`<cmdline>preseed/url=file:///a.cfg a="b, c" d='&amp;&lt;e&gt;'</cmdline>`);
      expect(stdout).to.match(/<kernel>.*-linux,1<\/kernel>\s*<initrd>.*-initrd'\.gz<\/initrd>/);
      expect(stdout).to.contain('<memory>1572864</memory>');
      expect(stdout).to.match(/<interface type="user">/);
      expect(stdout).to.match(/<driver .*cache="unsafe" discard="unmap"/);
    });
  });
});
