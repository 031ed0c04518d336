import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../host/failure.js';
import { run } from '../host/host.js';
import type { VirtType } from '../machine/acceleration.js';
import { nvramCommands, type Hardware, type Machine } from '../machine/virtual-machine.js';
import { architectures } from '../machine/architectures.js';
import { findProgram } from '../host/programs.js';
import { usualDevices } from '../machine/devices.js';
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
      firmware: architectures.x86_64.firmwares[0],
      devices: usualDevices,
      virtType: 'kvm',
      cores: 2,
      ram: 1536 * 2 ** 20 + 1000,
      mac: undefined,
    },
    osinfo: 'detect=on,require=off',
    connect: 'qemu:///session',
    domain: 'debian-12-2026-11-21',
    consoleLog: '/srv/images/console.log',
    nvram: '/srv/images/nvram',
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

const on = (virtType: VirtType) => machineWith({ virtType }).hardware;

/** The value that follows an option. */
function valueOf(option: string, changed: Partial<Installation> = {}): string | undefined {
  const { args } = virtInstallCommand({ ...installation, ...changed });
  const index = args.indexOf(option);
  return index < 0 ? undefined : args[index + 1];
}

describe('kernelArguments', () => {
  it('name the answer file as each installer wants it, before what the section appends', () => {
    const append = 'console=ttyS0 quiet';
    expect(kernelArguments('preseed', 'a.cfg', append, on('kvm'))).to.equal(`preseed/url=file:///a.cfg ${append}`);
    expect(kernelArguments('kickstart', 'a.ks', append, on('kvm'))).to.equal(
      `inst.ks=file:///a.ks ks=file:///a.ks ${append}`,
    );
    expect(kernelArguments('yast', 'a.xml', append, on('kvm'))).to.equal(`autoyast=file:///a.xml ${append}`);
    expect(kernelArguments('agama', 'a.json', append, on('kvm'))).to.equal(
      `inst.auto=label://OEMDRV/autoinst.json inst.finish=poweroff ${append}`,
    );
  });

  it('have no proxy where none is set', () => {
    expect(kernelArguments('yast', 'a', 'a=1 proxy= b=2', on('kvm'))).to.equal('autoyast=file:///a a=1 b=2');
    expect(kernelArguments('yast', 'a', 'a=1 proxy=', on('kvm'))).to.equal('autoyast=file:///a a=1');
    const set = 'no.proxy= proxy=http://proxy.example.org/ a= b';
    expect(kernelArguments('yast', 'a', set, on('kvm'))).to.equal(`autoyast=file:///a ${set}`);
  });

  it('spare emulation in software to translate a library for each process, where they do not stay', () => {
    expect(kernelArguments('preseed', 'a.cfg', 'quiet --- splash', on('qemu'))).to.equal(
      'preseed/url=file:///a.cfg norandmaps no_timer_check quiet --- splash',
    );
    for (const kind of ['kickstart', 'autoinstall'] as const) {
      expect(kernelArguments(kind, 'a', 'quiet', on('qemu'))).to.match(/ norandmaps no_timer_check quiet$/);
    }
    for (const kind of ['yast', 'agama'] as const) {
      expect(kernelArguments(kind, 'a', 'quiet', on('qemu'))).not.to.contain('norandmaps');
    }
  });

  it('keep a busy builder from making a PC panic, which alone looks at its timer so', () => {
    const arm = { ...on('qemu'), architecture: architectures.aarch64 };
    expect(kernelArguments('preseed', 'a.cfg', 'quiet', arm)).to.equal('preseed/url=file:///a.cfg norandmaps quiet');
  });

  it('have no blank at their end', () => {
    expect(kernelArguments('preseed', 'a.cfg', '', on('kvm'))).to.equal('preseed/url=file:///a.cfg');
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

  describe('by architecture and firmware', () => {
    const { x86_64, aarch64 } = architectures;
    const told = (hardware: Partial<Hardware>) =>
      Object.fromEntries(
        ['--arch', '--machine', '--boot', '--features', '--cpu'].map((option) => [
          option.slice(2),
          valueOf(option, { machine: machineWith({ virtType: 'qemu', ...hardware }) }),
        ]),
      );

    it('leaves the machine of a BIOS to virt-install', () => {
      expect(told({})).to.deep.equal({
        arch: 'x86_64',
        cpu: 'mode=maximum,disable=erms',
        machine: undefined,
        boot: undefined,
        features: undefined,
      });
    });

    it('gives UEFI a q35 with code that is only read, and with variables of its own', () => {
      const [, uefi] = x86_64.firmwares;
      expect(told({ firmware: uefi })).to.include({
        machine: 'q35',
        boot: 'loader=/usr/share/OVMF/OVMF_CODE_4M.fd,loader.readonly=yes,loader.type=pflash,nvram=/srv/images/nvram',
        features: undefined,
      });
      expect(nvramCommands(machineWith({ firmware: uefi })).map(({ args }) => args.slice(-2))).to.deep.equal([
        ['/usr/share/OVMF/OVMF_VARS_4M.fd', '/srv/images/nvram'],
      ]);
    });

    it("gives Secure Boot Microsoft's keys, and system management mode to keep them", () => {
      const [, , secure] = x86_64.firmwares;
      expect(told({ firmware: secure })).to.include({
        boot: 'loader=/usr/share/OVMF/OVMF_CODE_4M.ms.fd,loader.readonly=yes,loader.type=pflash,nvram=/srv/images/nvram,loader.secure=yes',
        features: 'smm.state=on',
      });
      const [called] = nvramCommands(machineWith({ firmware: secure }));
      expect(called?.args).to.include('/usr/share/OVMF/OVMF_VARS_4M.ms.fd');
    });

    it('emulates a server of 64 bits for arm64', () => {
      expect(told({ architecture: aarch64, firmware: aarch64.firmwares[0] })).to.deep.equal({
        arch: 'aarch64',
        machine: 'virt',
        cpu: 'neoverse-n1',
        boot: 'loader=/usr/share/AAVMF/AAVMF_CODE.fd,loader.readonly=yes,loader.type=pflash,nvram=/srv/images/nvram',
        features: undefined,
      });
    });

    it("lets virt-install add no guest agent's channel, whose socket may lie too deep in a home directory", () => {
      const machine = machineWith({ architecture: aarch64, firmware: aarch64.firmwares[0] });
      expect(valueOf('--channel', { machine })).to.equal('none');
      expect(valueOf('--channel', {})).to.equal(undefined);
    });
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

  it('injects further files into the initrd, beside the answer file', () => {
    const { args } = virtInstallCommand({ ...installation, injected: ['/srv/images/installkey.gpg'] });
    const files = args.filter((_, index) => args[index - 1] === '--initrd-inject');
    expect(files).to.deep.equal([installation.answerFile, '/srv/images/installkey.gpg']);
  });

  it('attaches files to copy as a disk that the script at the end finds by its serial number', () => {
    const { args } = virtInstallCommand({ ...installation, filesVolume: '/srv/images/files.tar' });
    const disks = args.filter((_, index) => args[index - 1] === '--disk');
    expect(disks.slice(1)).to.deep.equal([
      'path=/srv/images/files.tar,bus=virtio,format=raw,readonly=on,serial=image-factory-files',
    ]);
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
      // Nor does it know the architecture.
      const args = called.args.filter((word, at) => word !== '--arch' && called.args[at - 1] !== '--arch');
      const { stdout } = await run(testHost(), { ...called, args: [...args, '--print-xml', '1', '--dry-run'] });
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
