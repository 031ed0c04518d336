import { expect } from 'chai';
import { hybrid } from '../../../../test/support/layouts.js';
import { fileEntry } from '../../../../test/support/tree-entry.js';
import { startsThisDisk } from './own-configuration.js';

const uuid = '01234567-89ab-4cde-8f01-23456789abcd';
const kernel = fileEntry('boot/vmlinuz-6.1');

/** As grub-mkconfig writes it. */
const mkconfig = `if [ x$feature_platform_search_hint = xy ]; then
  search --no-floppy --fs-uuid --set=root --hint-bios=hd0,gpt3  ${uuid}
else
  search --no-floppy --fs-uuid --set=root ${uuid}
fi
menuentry 'Debian' {
	linux	/boot/vmlinuz-6.1 root=UUID=${uuid} ro  quiet
	initrd	/boot/initrd.img-6.1
}
`;

describe("a tree's own configuration of GRUB", () => {
  const starts = (text: string, rootUuid = uuid) =>
    startsThisDisk(text, hybrid('ext4'), new Map([['mkfs_root', rootUuid]]), [kernel]);

  it('stays where the layout keeps the UUIDs that it names', () => {
    expect(starts(mkconfig)).to.equal(true);
    expect(starts(mkconfig.replaceAll(`UUID=${uuid}`, 'LABEL=img-root'))).to.equal(true);
  });

  it('is replaced where it names another disk, another kernel, or none', () => {
    expect(starts(mkconfig, '76543210-89ab-4cde-8f01-23456789abcd')).to.equal(false);
    expect(starts(mkconfig.replace('vmlinuz-6.1', 'vmlinuz-5.10'))).to.equal(false);
    expect(starts('set timeout=1\n')).to.equal(false);
  });
});
