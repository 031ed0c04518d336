import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { program } from '../../../../test/support/disk.js';
import { hybrid, onVolumes } from '../../../../test/support/layouts.js';
import { holderOf } from '../mount-points.js';
import { firstConfiguration, grubConfiguration, type BootFiles } from './grub-configuration.js';
import { defaultWords, rootWords } from './kernel-command-line.js';

const uuid = '01234567-89ab-4cde-8f01-23456789abcd';
const files: BootFiles = { uuid, modules: ['part_gpt', 'ext2'], locate: (path) => path.replace('/boot', '') };
const kernel = { version: '6.1', image: '/boot/vmlinuz-6.1', initrd: '/boot/initrd.img-6.1' };

describe('the configuration of GRUB', () => {
  it('starts each kernel from the file system that holds /boot', () => {
    const menu = {
      title: "Linux of 'ours'",
      kernels: [kernel, { ...kernel, version: '5.10' }],
      words: [`root=UUID=${uuid}`, 'ro', 'a=b c'],
    };
    const text = grubConfiguration(menu, files);
    expect(text).to.contain(`search --no-floppy --fs-uuid --set=root ${uuid}\n`);
    expect(text).to.contain(
      `menuentry 'Linux of '\\''ours'\\''' {\n\tlinux /vmlinuz-6.1 root=UUID=${uuid} ro 'a=b c'\n\tinitrd /initrd.img-6.1\n}\n`,
    );
    expect(text).to.contain(`menuentry 'Linux of '\\''ours'\\'', Linux 5.10' {`).and.to.not.contain('serial');
    expect(firstConfiguration(files, '/boot/grub')).to.equal(`search.fs_uuid ${uuid} root\nset prefix=($root)/grub\n`);
  });

  it('is one that GRUB itself can read, with a serial console where the kernel has one', () => {
    const directory = mkdtempSync(join(tmpdir(), 'image-factory-grub-'));
    try {
      const menu = { title: "It's $HOME; `id` { } \\", kernels: [kernel], words: ['console=ttyS1,9600'] };
      const file = join(directory, 'grub.cfg');
      writeFileSync(file, grubConfiguration(menu, files));
      program('grub-script-check', [file]);
      expect(grubConfiguration(menu, files)).to.contain('serial --unit=1 --speed=9600');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe("a kernel's command line", () => {
  it('names the root file system by UUID, and a logical volume by its device', () => {
    const words = (layout: ReturnType<typeof hybrid>) => rootWords(layout, holderOf(layout, '/')!, uuid);
    expect(words(hybrid('ext4'))).to.deep.equal([`root=UUID=${uuid}`, 'ro']);
    expect(words(onVolumes())).to.deep.equal(['root=/dev/mapper/system-lv--root', 'ro']);
  });

  it('has the words of /etc/default/grub', () => {
    expect(
      defaultWords('GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"\nGRUB_CMDLINE_LINUX=\'net.ifnames=0\' # old names\n'),
    ).to.deep.equal(['net.ifnames=0', 'quiet', 'splash']);
    expect(defaultWords('GRUB_CMDLINE_LINUX="$OTHER quiet"\n#GRUB_CMDLINE_LINUX_DEFAULT="debug"\n')).to.deep.equal([]);
  });
});
