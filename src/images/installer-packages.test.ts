import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Configuration } from '../config/configuration.js';
import { UsageError } from '../host/failure.js';
import type { PackageRequest } from '../packages/request.js';
import { lockable, preseededPackages } from './installer-packages.js';

async function requested(text: string, image = 'web', flavor?: string): Promise<PackageRequest> {
  const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
  return (await lockable(configuration, { image, flavor })).request;
}

async function refused(text: string): Promise<string> {
  const error: unknown = await requested(text).catch((caught: unknown) => caught);
  if (!(error instanceof UsageError)) throw error;
  return error.problems.join('\n');
}

const own = 'ssh-authorized-keys = ssh-ed25519 AAAA me\n';

function because({ further }: PackageRequest, why: string): string[] {
  return further.filter((each) => each.why === why).map(({ name }) => name);
}

describe('what a lock of an image that is installed is about', () => {
  it('is its groups, what the answer file names, and what the installer adds by itself', async () => {
    const request = await requested(`[web]\nlike = debian-13\ngroup = server\npackages = nginx\n${own}`);
    expect(request.group.members.map(({ name }) => name)).to.include('openssh-server');
    expect(because(request, 'answer file')).to.include.members(['nginx', 'qemu-guest-agent', 'dmsetup']);
    const additions = because(request, 'installer');
    expect(additions).to.include.members([
      '?priority(required)',
      '?priority(important)',
      'locales',
      'busybox',
      ...['grub-pc', 'grub-pc-bin', 'grub-efi-amd64-bin', 'shim-signed'],
    ]);
    expect(additions, 'the group has one').not.to.include('linux-image-amd64');
    expect(request.udebs).to.deep.equal({
      url: 'http://ftp.debian.org/debian',
      suite: 'trixie',
      components: ['main/debian-installer'],
    });
  });

  it('has what debootstrap of the release asks for by name', async () => {
    const added = async (image: string) =>
      because(await requested(`[web]\nlike = ${image}\ngroup = server\n${own}`), 'installer');
    expect(await added('debian-12')).to.include('usr-is-merged');
    expect(await added('debian-13')).not.to.include('usr-is-merged');
  });

  it('is what a Kickstart file names, and what Anaconda adds', async () => {
    const request = await requested(`[web]\nlike = rocky-9\npackages = nginx -nano\n${own}`);
    expect(because(request, 'answer file')).to.include.members(['@core', 'chrony', 'nginx']).and.not.include('-nano');
    expect(because(request, 'installer')).to.include.members(['kernel', 'grub2']);
    expect(request.sources.map(({ suite }) => suite)).to.deep.equal(['baseos', 'appstream']);
    expect([...request.group.excluded.keys()]).to.include('nano');
    expect(request.udebs).to.equal(undefined);
  });

  it('is what an Agama profile names, and what Agama and its product add', async () => {
    const uefi = await requested(`[web]\nlike = opensuse-leap-16.0\nfirmware = uefi\npackages = nginx -less2\n${own}`);
    expect(because(uefi, 'answer file'))
      .to.include.members(['nginx', 'zypper', 'grub2-x86_64-efi'])
      .and.not.include('less2');
    expect(because(uefi, 'installer')).to.include.members([
      'kernel-default',
      'efibootmgr',
      'Leap-release',
      'e2fsprogs',
    ]);
    expect(uefi.sources.map(({ suite }) => suite)).to.deep.equal(['oss']);
    const xfs = await requested(`[web]\nlike = opensuse-leap-16.0\nroot-filesystem = xfs\n${own}`);
    expect([...because(xfs, 'installer'), ...because(xfs, 'answer file')])
      .to.include('xfsprogs')
      .and.not.include('e2fsprogs');
  });

  it('is what an AutoYaST profile names, what YaST adds, and what it only reads', async () => {
    const request = await requested(`[web]\nlike = opensuse-leap-15.6\npackages = nginx -less2\n${own}`);
    expect(because(request, 'answer file')).to.include.members(['nginx', 'wicked', 'patterns-base-minimal_base']);
    expect(because(request, 'answer file')).not.to.include('less2');
    expect(because(request, 'installer')).to.include.members(['kernel-default', 'grub2', 'Leap-release']);
    expect(request.components).to.deep.equal(['system-installation() = Leap']);
    expect(request.sources.map(({ suite }) => suite)).to.deep.equal([
      'oss',
      'update',
      'update-sle',
      'update-backports',
    ]);
  });

  it('is what user-data of subiquity names, what the installer adds, and what stands for the medium', async () => {
    const request = await requested(`[web]\nlike = ubuntu-24.04\ngroup = server\npackages = nginx -nano\n${own}`);
    expect(because(request, 'answer file')).to.include.members(['nginx', 'apparmor', 'dosfstools']);
    const installer = ['openssh-server', 'ubuntu-minimal', 'systemd-resolved', 'grub-pc', '?priority(required)'];
    expect(because(request, 'installer')).to.include.members(installer);
    expect([...request.group.excluded.keys()]).to.deep.equal(['nano']);
    expect(request.udebs).to.equal(undefined);
    expect(request.sources.map(({ suite }) => suite)).to.deep.equal(['noble', 'noble-updates', 'noble-security']);
    const jammy = await requested(`[web]\nlike = ubuntu-22.04\nkernel-package = linux-virtual\n${own}`);
    expect(because(jammy, 'answer file')).to.include('linux-virtual');
    expect(because(jammy, 'installer')).not.to.include.oneOf(['systemd-resolved', 'linux-generic']);
  });

  it('needs no group: the packages of the section are enough', async () => {
    const request = await requested(`[web]\nlike = debian-13\npackages = nginx\n${own}`);
    expect(request.groups).to.deep.equal([]);
    expect(because(request, 'answer file')).to.include('nginx');
    expect(because(request, 'installer')).to.include('linux-image-amd64');
  });

  it('follows architecture, firmware and kernel of the image', async () => {
    const text = `[flavor arm]\narch = arm64\n[web]\nlike = debian-13\nflavors = arm\n${own}`;
    const arm = because(await requested(text, 'web', 'arm'), 'installer');
    expect(arm).to.include.members(['grub-efi-arm64', 'linux-image-arm64']).and.not.include('grub-pc');
    const uefi = await requested(
      `[web]\nlike = debian-13\nfirmware = uefi\nkernel-package = linux-image-cloud-amd64\n${own}`,
    );
    expect(because(uefi, 'installer')).to.include('grub-efi-amd64').and.not.include('linux-image-amd64');
    expect(because(uefi, 'answer file')).to.include('linux-image-cloud-amd64');
    const cloud = await requested(`[web]\nlike = debian-13\ngroup = cloud\n${own}`);
    expect(because(cloud, 'installer').filter((name) => name.startsWith('linux-'))).to.deep.equal([]);
  });

  it('has not what the section leaves out', async () => {
    const request = await requested(`[web]\nlike = debian-13\npackages = -nano\n${own}`);
    expect([...request.group.excluded.keys()]).to.deep.equal(['nano']);
    expect(await refused(`[web]\nlike = debian-13\ngroup = server\npackages = -curl\n${own}`)).to.equal(
      "[web] packages leaves out 'curl', and its groups take it: exclude it in a group",
    );
  });

  it('is refused where the installer would not install from a lock', async () => {
    const group = 'group = server\n';
    const yast = '[web]\nlike = opensuse-leap-15.6\n';
    expect(await refused(`${yast}${group}append = textmode=1\nverify = off\n${own}`)).to.equal(
      [
        "[web] append: it has no 'install=URL': with a package lock, it says where the installer itself lies",
        '[web] verify = off: with a package lock, the installer checks itself by the list of checksums',
      ].join('\n'),
    );
    const proxy = 'proxy = http://proxy.example.org:3128/\n';
    expect(await refused(`[web]\nlike = opensuse-leap-16.0\n${group}${proxy}${own}`)).to.match(/^\[web\] proxy: /);
    const further = 'extra-repositories = more http://example.org/debian trixie main';
    expect(await refused(`[web]\nlike = debian-13\ngroup = server\n${further}\n${own}`)).to.include(
      "in 'package-sources'",
    );
  });

  it('is refused for a preseed file that says nothing of the repository of the lock', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'preseed-'));
    try {
      const file = join(directory, 'own.preseed.hbs');
      writeFileSync(file, 'd-i mirror/http/hostname string {{mirror-host}}\n');
      const message = await refused(`[web]\nlike = debian-13\ngroup = server\npreseed = ${file}\n`);
      expect(message).to.match(
        /^my\.conf:4: \[web\] preseed = .*own\.preseed\.hbs: it does not mention 'package-repository'/,
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('the packages that a preseed file names', () => {
  it('are those of pkgsel, of the base system, the kernel, and tasks where they run', () => {
    const text = [
      'd-i pkgsel/include string curl, less  vim',
      'd-i base-installer/includes string dmsetup',
      'base-installer base-installer/kernel/image string linux-image-rt-amd64',
      'tasksel tasksel/first multiselect standard, ssh-server',
      '#d-i pkgsel/include string commented',
    ].join('\n');
    const tasks = ['?priority(standard)', 'task-ssh-server'];
    const names = ['curl', 'less', 'vim', 'dmsetup', 'linux-image-rt-amd64'];
    expect(preseededPackages(text)).to.deep.equal([...names, ...tasks]);
    expect(preseededPackages(`${text}\nd-i pkgsel/run_tasksel boolean false`)).to.deep.equal(names);
  });
});
