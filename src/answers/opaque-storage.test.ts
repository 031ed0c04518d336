import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { AnswerFileKind } from '../config/image-spec.js';
import { opaqueStorage } from './opaque-storage.js';

const golden = new URL('../../test/golden', import.meta.url).pathname;

/** `LINE STORAGE: SETTING` of each finding. */
async function found(kind: AnswerFileKind, ...lines: string[]): Promise<string[]> {
  const all = await opaqueStorage(kind, lines.join('\n'));
  return all.map(({ line, storage, setting }) => `${line ?? '-'} ${storage}: ${setting}`);
}

describe('opaqueStorage', () => {
  it('finds LVM, RAID and encryption in Kickstart, and LVM where autopart says nothing', async () => {
    expect(await found('kickstart', '#version=RHEL9', 'autopart')).to.deep.equal(['2 LVM: autopart']);
    expect(await found('kickstart', 'autopart --type=thinp --encrypted --passphrase=secret')).to.deep.equal([
      '1 LVM: autopart --type=thinp --encrypted',
      '1 encryption: autopart --type=thinp --encrypted',
    ]);
    expect(
      await found(
        'kickstart',
        'part pv.01 --size=1 --grow',
        'volgroup vg pv.01',
        'logvol / --vgname=vg --name=root --size=1024',
        'partition raid.01 --size=1',
        'raid / --device=md0 --level=1 raid.01 raid.02',
        'part /home --size=1 --encrypted --passphrase=secret',
      ),
    ).to.deep.equal([
      '1 LVM: part pv.01',
      '2 LVM: volgroup pv.01',
      '3 LVM: logvol',
      '4 RAID: partition raid.01',
      '5 RAID: raid raid.01 raid.02',
      '6 encryption: part --encrypted',
    ]);
  });

  it('takes plain partitions, comments and scripts of Kickstart for what they are', async () => {
    const lines = ['# autopart', 'autopart --type=plain # not --type=lvm', '%post', 'autopart', 'logvol', '%end'];
    expect(await found('kickstart', ...lines)).to.be.empty;
    expect(await found('kickstart', 'autopart --nolvm', 'autopart --type btrfs')).to.be.empty;
    expect(await found('kickstart', ...lines, 'volgroup vg pv.1')).to.deep.equal(['7 LVM: volgroup pv.1']);
  });

  it("knows that Fedora's autopart is btrfs", async () => {
    expect(await found('kickstart', '#version=F43', 'autopart')).to.be.empty;
    expect(await found('kickstart', 'url --url=http://mirror/fedora/linux/', 'autopart')).to.be.empty;
  });

  it('finds the last method of partman-auto, and methods in recipes', async () => {
    for (const [method, storage] of [
      ['lvm', 'LVM'],
      ['crypto', 'encryption'],
      ['raid', 'RAID'],
    ]) {
      expect(await found('preseed', `d-i partman-auto/method string ${method}`)).to.deep.equal([
        `1 ${storage}: partman-auto/method ${method}`,
      ]);
    }
    const method = 'd-i partman-auto/method string';
    expect(await found('preseed', `${method} lvm`, `${method} regular`, `#${method} crypto`)).to.be.empty;
    expect(
      await found('preseed', 'd-i partman-auto/expert_recipe string x :: \\', '  1 1 1 free method{ lvm } \\', ' .'),
    ).to.deep.equal(['1 LVM: partman-auto/expert_recipe lvm']);
  });

  it("finds AutoYaST's volume groups, RAID and encryption", async () => {
    expect(
      await found(
        'yast',
        '<drive><type config:type="symbol">CT_LVM</type>',
        '<lvm_group>system</lvm_group><raid_name/>',
        '<!-- <crypt_fs',
        'config:type="boolean">true</crypt_fs> -->',
        '<crypt_fs config:type="boolean">true</crypt_fs>',
        '<type t="symbol">CT_MD</type><lvm t="boolean">false</lvm><type>CT_DISK</type>',
        '<encryption_password>secret</encryption_password>',
      ),
    ).to.deep.equal([
      '1 LVM: CT_LVM',
      '2 LVM: <lvm_group>',
      '5 encryption: <crypt_fs>',
      '6 RAID: CT_MD',
      '7 encryption: <encryption_password>',
    ]);
  });

  it("finds LVM where subiquity's storage is not said, or said to be", async () => {
    const head = ['#cloud-config', 'autoinstall:', '  version: 1'];
    const [implicit] = await found('autoinstall', ...head);
    expect(implicit).to.match(/^- LVM: /);
    expect(await found('autoinstall', ...head, '  storage:', '    layout: {name: lvm}')).to.deep.equal([
      '5 LVM: layout: lvm',
    ]);
    expect(await found('autoinstall', ...head, '  storage: {layout: {name: direct}}')).to.be.empty;
    expect(await found('autoinstall', ...head, '  storage: {layout: {name: lvm, password: x}}')).to.have.length(2);
    const config = ['  storage:', '    config:', '    - {type: disk, id: disk}', '    - {type: dm_crypt, id: c}'];
    expect(await found('autoinstall', ...head, ...config)).to.deep.equal(['7 encryption: type: dm_crypt']);
    expect(await found('autoinstall', '#cloud-config', 'users: []')).to.be.empty;
  });

  it("finds Agama's volume groups and encryption, wherever they stand", async () => {
    const profile = {
      storage: {
        drives: [{ partitions: [{ encryption: { luks2: { password: 'secret' } } }] }],
        volumeGroups: [{ name: 'system' }],
        mdRaids: [],
      },
    };
    expect(await found('agama', JSON.stringify(profile, undefined, 1))).to.deep.equal([
      '7 encryption: encryption',
      '16 LVM: volumeGroups',
    ]);
    expect(await found('agama', '{"storage": {"guided": {"target": {"newLvmVg": ["/dev/vda"]}}}}')).to.have.length(1);
    expect(await found('agama', '{"storage": {"drives": [{"partitions": []}]}}')).to.be.empty;
    expect(await found('agama', '{ not json')).to.be.empty;
  });

  it('finds none in what the shipped templates make', async () => {
    const kinds = { preseed: 'preseed', yast: 'yast', agama: 'agama' } as const;
    for (const entry of readdirSync(golden, { recursive: true, encoding: 'utf8' })) {
      if (statSync(join(golden, entry)).isDirectory()) continue;
      const directory = entry.split('/')[0] as keyof typeof kinds;
      const kind = kinds[directory] ?? (entry.endsWith('.ks') ? 'kickstart' : 'autoinstall');
      expect(await opaqueStorage(kind, readFileSync(join(golden, entry), 'utf8')), entry).to.be.empty;
    }
  });
});
