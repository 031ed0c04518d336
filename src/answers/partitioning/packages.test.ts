import { expect } from 'chai';
import { shippedLayout } from '../../../test/support/installer-layouts.js';
import { layoutPackages } from './packages.js';
import { installedMachine } from './partitioning.js';

describe('the packages that a layout needs', () => {
  const of = (kind: Parameters<typeof layoutPackages>[0], name: string, arch = 'amd64') =>
    layoutPackages(kind, shippedLayout(name), installedMachine({ arch }));

  it('are boot loaders for both kinds of firmware, and tools, by the names of the family', () => {
    expect(of('autoinstall', 'lvm')).to.deep.equal([
      ...['grub-pc-bin', 'grub-efi-amd64-bin', 'grub-efi-amd64-signed', 'shim-signed', 'lvm2', 'dosfstools'],
    ]);
    expect(of('kickstart', 'hybrid')).to.deep.equal(['grub2-pc', 'grub2-efi-x64', 'shim-x64', 'dosfstools']);
    expect(of('yast', 'hybrid')).to.deep.equal(['grub2-i386-pc', 'grub2-x86_64-efi', 'shim', 'dosfstools']);
    expect(of('agama', 'bios')).to.deep.equal(['grub2-i386-pc']);
  });

  it('are those of the architecture', () => {
    expect(of('kickstart', 'hybrid', 'arm64')).to.deep.equal(['grub2-efi-aa64', 'shim-aa64', 'dosfstools']);
    expect(of('autoinstall', 'uefi', 'arm64')).to.include('grub-efi-arm64-signed');
  });

  it("are no boot loaders where debian-installer chooses them: it can't remove what shim-signed depends on", () => {
    expect(of('preseed', 'server')).to.deep.equal(['lvm2', 'dosfstools']);
  });
});
