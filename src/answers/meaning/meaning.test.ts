import { expect } from 'chai';
import type { AnswerFileKind } from '../../config/image-spec.js';
import { renderShipped, shippedImages, shippedSpec } from '../../../test/support/shipped-images.js';
import { meaningFindings } from './meaning.js';
import { installOrigin } from '../../config/image-spec.js';

function found(kind: AnswerFileKind, content: string | Buffer): string[] {
  return meaningFindings(kind, Buffer.from(content)).map(
    ({ line, message, weight }) => `${line ?? '-'} ${weight}: ${message}`,
  );
}

describe('meaningFindings', () => {
  it('has nothing against any image that ships', async () => {
    for (const image of shippedImages()) {
      const { content } = await renderShipped(image);
      expect(found(installOrigin(shippedSpec(image)).answerFile.kind, content), image).to.deep.equal([]);
    }
  });

  describe('of the form of a file', () => {
    const carriageReturn =
      "error: ends in a carriage return, as on Windows, which becomes part of the answer: convert the file with dos2unix, or with sed -i 's/\\r$//'";
    it('tells of carriage returns where they become part of an answer', () => {
      expect(found('preseed', 'd-i a/b string x\nd-i c/d string y\r\n')).to.deep.equal([`2 ${carriageReturn}`]);
      expect(found('kickstart', 'text\r\nlang en_US.UTF-8\r\n')).to.deep.equal([`1 ${carriageReturn}`]);
      expect(found('autoinstall', '#cloud-config\r\nautoinstall:\r\n  version: 1\r\n')).to.deep.equal([]);
    });

    it('tells of what is no text in UTF-8, and where', () => {
      expect(
        found('preseed', Buffer.from('d-i a/b string x\nd-i passwd/user-fullname string J\xf6rg\n', 'latin1')),
      ).to.deep.equal(['2 error: holds a byte (0xf6) that is no UTF-8: save it as UTF-8']);
      expect(found('preseed', 'd-i a/b string Jörg ✓\n')).to.deep.equal([]);
      expect(found('preseed', Buffer.from([0x61, 0x0a, 0xe2, 0x9c]))).to.have.length(1);
      expect(found('kickstart', 'text\n\n\0')).to.deep.equal(['3 error: holds a NUL byte: this is no text']);
      expect(found('agama', '\ufeff{}')[0]).to.match(/^1 error: begins with a byte order mark/);
      expect(found('preseed', Buffer.from('\ufeffd-i', 'utf16le'))).to.deep.equal([
        '1 error: is written in UTF-16: save it as UTF-8',
      ]);
      const declared = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<a>\xf6</a>\n';
      expect(found('yast', Buffer.from(declared, 'latin1'))).to.deep.equal([]);
      expect(found('yast', '\n')).to.deep.equal(['- warning: is empty: the installer will ask for everything']);
    });
  });

  describe('of a preseed file', () => {
    it('tells of a question that is answered twice, with both lines', () => {
      const twice =
        'd-i preseed/late_command string apt-install vim\nd-i passwd/make-user boolean false\n# d-i preseed/late_command string no\nd-i preseed/late_command string in-target \\\n  systemctl enable ssh\n';
      expect(found('preseed', twice)).to.deep.equal([
        "4 warning: preseed/late_command is answered in line 1 already, and the last answer wins: write one, such as commands with '; ' between",
      ]);
      expect(
        found('preseed', 'd-i a/b string x\nd-i a/b seen false\nd-i a/b string x\nother a/b string y\n'),
      ).to.deep.equal([]);
    });

    it('tells of disks that are not there', () => {
      const end = 'd-i finish-install/reboot_in_progress note\n';
      expect(
        found(
          'preseed',
          `d-i partman-auto/disk string /dev/sda\nd-i grub-installer/bootdev string /dev/nvme0n1\n${end}`,
        ),
      ).to.deep.equal([
        '1 error: partman-auto/disk: there is no disk /dev/sda; the disk is /dev/vda',
        '2 error: grub-installer/bootdev: there is no disk /dev/nvme0n1; the disk is /dev/vda',
      ]);
      expect(
        found('preseed', `d-i partman-auto/disk string /dev/vda\nd-i grub-installer/bootdev string default\n${end}`),
      ).to.deep.equal([]);
    });

    it('tells of the question at the end that nothing answers', () => {
      expect(found('preseed', 'd-i partman-auto/method string regular\n')).to.deep.equal([
        "- warning: nothing answers finish-install/reboot_in_progress: the installer may wait there for ever; add 'd-i finish-install/reboot_in_progress note'",
      ]);
      const rest = 'd-i preseed/include string rest.cfg\n';
      expect(found('preseed', `d-i partman-auto/method string regular\n${rest}`)).to.deep.equal([]);
    });
  });

  describe('of a Kickstart file', () => {
    it('tells of disks that are not there, and of an end that never comes', () => {
      const stops =
        '#version=RHEL9\ntext\nignoredisk --only-use=sda\nclearpart --all --drives vda,sdb\npart / --ondisk=/dev/vda --fstype=xfs\n%packages\n@core\n%end\n%post\npoweroff\n%end\n';
      expect(found('kickstart', stops)).to.deep.equal([
        '3 error: ignoredisk --only-use: there is no disk sda; the disk is vda',
        '4 error: clearpart --drives: there is no disk sdb; the disk is vda',
        "- error: neither 'poweroff' nor 'reboot': at the end the installer halts and waits for a key; add 'poweroff'",
      ]);
      for (const end of ['poweroff', 'reboot', 'shutdown', 'halt\nreboot --eject', '%include /tmp/end.ks']) {
        expect(found('kickstart', `autopart --type=plain\n${end}\n`), end).to.deep.equal([]);
      }
      expect(found('kickstart', 'autopart\nhalt\n')).to.have.length(1);
      expect(found('kickstart', 'autopart\nreboot --kexec\n')).to.have.length(1);
    });

    it('tells of a command that stands twice', () => {
      expect(
        found('kickstart', 'lang en_US.UTF-8\nuser --name=a\nuser --name=b\nlang de_DE.UTF-8\nlang de_DE.UTF-8\n'),
      ).to.deep.equal(['4 warning: lang stands in line 1 already, and the last one wins: write one']);
    });
  });

  it('tells of them in the languages of SUSE and Ubuntu', () => {
    expect(
      found('yast', '<profile>\n<partitioning><drive>\n<device>/dev/sda</device></drive></partitioning></profile>'),
    ).to.deep.equal([
      '3 error: <device>: there is no disk /dev/sda; the disk is /dev/vda',
      '- warning: the installer shows its proposal and waits: set <confirm config:type="boolean">false</confirm> in <general><mode>',
    ]);
    const userData =
      '#cloud-config\nautoinstall:\n  interactive-sections:\n    - network\n  storage:\n    layout: {name: direct, match: {path: /dev/nvme0n1}}\n    config:\n      - path: /dev/sda\n      - path: /dev/vda\n';
    expect(found('autoinstall', userData)).to.deep.equal([
      '3 error: interactive-sections: the installer asks there, and waits for an answer: leave it out',
      '6 error: path: there is no disk /dev/nvme0n1; the disk is /dev/vda',
      '8 error: path: there is no disk /dev/sda; the disk is /dev/vda',
    ]);
    expect(found('agama', '{"storage": {\n"drives": [{"search": "/dev/sda"}]}}')).to.deep.equal([
      '2 error: search: there is no disk /dev/sda; the disk is /dev/vda',
    ]);
  });
});
