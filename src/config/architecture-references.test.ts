import { expect } from 'chai';
import { problemsOf } from '../../test/support/host.js';
import { shippedConfiguration } from '../../test/support/shipped-images.js';
import { Configuration } from './configuration.js';
import type { ImageSpec } from './image-spec.js';
import { resolveImage } from './resolve.js';

const netboot = 'linux = /srv/linux\ninitrd = /srv/initrd.gz\npreseed = a.cfg\n';

/** A section of the user's own, `web`, that has these lines in addition. */
function web(lines: string, overrides: Record<string, string> = {}): ImageSpec {
  const configuration = new Configuration([{ name: 'my.conf', text: `[web]\n${netboot}${lines}` }], []);
  return resolveImage(configuration, 'web', overrides, '2026-11-26');
}

/** A shipped image, with these options on the command line. */
function shipped(name: string, overrides: Record<string, string> = {}, user = ''): ImageSpec {
  return resolveImage(shippedConfiguration(user), name, overrides, '2026-11-26');
}

describe('what follows from the architecture', () => {
  it('changes the paths of shipped images by one word, on the command line or in [DEFAULT]', () => {
    for (const spec of [
      shipped('debian-13', { arch: 'arm64' }),
      shipped('debian-13', {}, '[DEFAULT]\narch = aarch64\n'),
    ]) {
      expect(spec.arch.name).to.equal('aarch64');
      expect(spec.linux?.uri).to.match(/installer-arm64\/current\/images\/netboot\/debian-installer\/arm64\/linux$/);
      expect(spec.append).to.contain('console=ttyAMA0');
      expect(spec.variables['kernel-arguments']).to.equal('console=tty0 console=ttyAMA0,115200');
      expect(spec.firmware.name).to.equal('uefi');
      expect(spec.layout?.name).to.equal('uefi');
    }
  });

  it('does so in the words of each distribution', () => {
    const linux = (name: string, arch: string) => shipped(name, { arch }).linux?.uri;
    expect(linux('rocky-10', 'arm64')).to.contain('/BaseOS/aarch64/os/');
    expect(linux('fedora-44', 'amd64')).to.contain('/Everything/x86_64/os/');
    const archive = (arch: string) => shipped('ubuntu-24.04', { arch }).netbootArchive?.uri;
    expect(archive('arm64')).to.match(
      /^https:\/\/cdimage\.ubuntu\.com\/releases\/24\.04\/release\/ubuntu-24\.04\.\d-netboot-arm64\.tar\.gz$/,
    );
    expect(archive('amd64')).to.match(
      /^https:\/\/releases\.ubuntu\.com\/24\.04\/ubuntu-24\.04\.\d-netboot-amd64\.tar\.gz$/,
    );
    expect(linux('ubuntu-24.04', 'arm64')).to.equal('arm64/linux');
    expect(linux('opensuse-tumbleweed', 'arm64')).to.match(
      /\/ports\/aarch64\/tumbleweed\/repo\/oss\/boot\/aarch64\/linux$/,
    );
  });

  it('is there for sections of the user, below what they set themselves', () => {
    expect(web('arch = arm64\nappend = ${debian-arch} ${rpm-arch} ${serial-device} ${arch}\n').append).to.equal(
      'arm64 aarch64 ttyAMA0 arm64',
    );
    expect(web('append = ${debian-arch} ${arch}\n').append).to.equal('amd64 x86_64');
    expect(web('debian-arch = i386\nappend = ${debian-arch}\n').append).to.equal('i386');
    expect(web('append = ${serial-device}\n', { arch: 'arm64' }).append).to.equal('ttyAMA0');
  });

  it('is a firmware that the machines have', () => {
    expect(web('firmware = uefi-secure\n').firmware).to.include({ name: 'uefi-secure', machineType: 'q35' });
    expect(problemsOf(() => web('arch = arm64\nfirmware = bios\n'))).to.deep.equal([
      "my.conf:6: [web]: 'firmware = bios': machines of arm64 have 'uefi' and 'uefi-secure'",
    ]);
    expect(problemsOf(() => web('arch = arm64\nboot-test-firmware = both\n'))).to.deep.equal([
      "my.conf:6: [web]: 'boot-test-firmware = both': machines of arm64 have 'uefi' and 'uefi-secure'",
    ]);
  });

  it('is a machine that there is, and one with Secure Boot where that is asked for', () => {
    expect(web('boot-test-machine = q35, pc\n').bootTestMachine).to.deep.equal(['q35', 'pc']);
    expect(problemsOf(() => web('arch = arm64\nboot-test-machine = virt, pc\n'))).to.deep.equal([
      "my.conf:6: [web]: 'boot-test-machine = virt, pc': machines of arm64 have 'virt'",
    ]);
    expect(problemsOf(() => web('firmware = uefi-secure\nboot-test-machine = pc\n'))).to.deep.equal([
      "my.conf:6: [web]: 'boot-test-machine = pc': Secure Boot needs 'q35'",
    ]);
  });

  it('is told with what is meant where the word is none', () => {
    expect(problemsOf(() => web('arch = arm46\nappend = ${debian-arch}\n'))).to.deep.equal([
      "my.conf:5: [web] arch = arm46: expected one of amd64, x86_64, arm64, aarch64, riscv64, ppc64el, ppc64le (did you mean 'arm64'?)",
    ]);
  });
});
