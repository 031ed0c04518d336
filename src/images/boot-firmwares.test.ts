import { expect } from 'chai';
import { architectures, firmwareNamed, type Architecture } from '../machine/architectures.js';
import type { Firmware } from '../machine/firmware.js';
import { bootFirmwares, necessaryFirmwares } from './boot-firmwares.js';

const { x86_64, aarch64, ppc64le } = architectures;

describe('the boot test', () => {
  function firmware(architecture: Architecture, name: Firmware) {
    const found = firmwareNamed(architecture, name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  }

  function by(
    asked: Parameters<typeof bootFirmwares>[0],
    ways: Parameters<typeof bootFirmwares>[3],
    machine: { readonly architecture?: Architecture; readonly installedBy?: Firmware } = {},
  ): Firmware[] {
    const { architecture = x86_64, installedBy = 'bios' } = machine;
    return bootFirmwares(asked, architecture, firmware(architecture, installedBy), ways).map(({ name }) => name);
  }

  it('starts a hybrid image both ways, and another one the way that it has', () => {
    expect(by('auto', ['bios', 'uefi'])).to.deep.equal(['bios', 'uefi']);
    expect(by('auto', ['bios'])).to.deep.equal(['bios']);
    expect(by('auto', ['uefi'])).to.deep.equal(['uefi']);
  });

  it('starts an image that seems to have no way as it was installed, to show why', () => {
    expect(by('auto', [], { installedBy: 'uefi' })).to.deep.equal(['uefi']);
    expect(by('auto', undefined)).to.deep.equal(['bios']);
  });

  it('demands Secure Boot of an image that was installed with it', () => {
    expect(by('auto', ['bios', 'uefi'], { installedBy: 'uefi-secure' })).to.deep.equal(['bios', 'uefi-secure']);
  });

  it('starts the image as a section says, whatever is on its disk', () => {
    expect(by('both', ['bios'])).to.deep.equal(['bios', 'uefi']);
    expect(by('uefi-secure', ['bios'])).to.deep.equal(['uefi-secure']);
  });

  it('knows no BIOS where machines have none', () => {
    expect(by('auto', ['bios', 'uefi'], { architecture: aarch64, installedBy: 'uefi' })).to.deep.equal(['uefi']);
    expect(by('auto', ['bios'], { architecture: ppc64le, installedBy: 'built-in' })).to.deep.equal(['built-in']);
  });

  it('needs before the build what is named, and else only what installs', () => {
    const needed = (bootTestFirmware: 'auto' | 'both') =>
      necessaryFirmwares({ bootTestFirmware, arch: x86_64, firmware: firmware(x86_64, 'bios') }).map(
        ({ name }) => name,
      );
    expect(needed('auto')).to.deep.equal(['bios']);
    expect(needed('both')).to.deep.equal(['bios', 'uefi']);
  });
});
