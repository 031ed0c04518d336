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
  it('finds RAID, encryption and thin volumes in Kickstart', async () => {
    expect(await found('kickstart', 'autopart --type=thinp --encrypted --passphrase=secret')).to.deep.equal([
      '1 thin volumes: autopart --type=thinp --encrypted',
      '1 encryption: autopart --type=thinp --encrypted',
    ]);
    expect(
      await found(
        'kickstart',
        'part pv.01 --size=1 --grow --encrypted',
        'volgroup vg pv.01',
        'logvol none --vgname=vg --name=pool --thinpool --size=1024',
        'logvol / --vgname=vg --name=root --thin --poolname=pool --size=1024',
        'logvol /var --vgname=vg --name=var --size=1024 --cachesize=1 --cachepvs=pv.02',
        'partition raid.01 --size=1',
        'raid / --device=md0 --level=1 raid.01 raid.02',
        'part /home --size=1 --encrypted --passphrase=secret',
      ),
    ).to.deep.equal([
      '1 encryption: part --encrypted',
      '3 thin volumes: logvol --thinpool',
      '4 thin volumes: logvol --thin',
      '5 cached volumes: logvol --cachesize=1',
      '6 RAID: partition raid.01',
      '7 RAID: raid raid.01 raid.02',
      '8 encryption: part --encrypted',
    ]);
  });

  it('takes partitions, linear volumes, comments and scripts of Kickstart for what they are', async () => {
    const lines = ['# raid', 'autopart --type=lvm # not thinp', '%post', 'raid x', 'logvol --thin', '%end'];
    expect(await found('kickstart', ...lines)).to.be.empty;
    expect(await found('kickstart', 'autopart', 'autopart --nolvm', 'autopart --type btrfs')).to.be.empty;
    expect(await found('kickstart', 'volgroup vg pv.1', 'logvol / --vgname=vg --name=root --size=1')).to.be.empty;
    expect(await found('kickstart', ...lines, 'raid / --device=md0')).to.deep.equal(['7 RAID: raid']);
  });

  it('finds the last method of partman-auto, and methods in recipes', async () => {
    for (const [method, storage] of [
      ['crypto', 'encryption'],
      ['raid', 'RAID'],
    ]) {
      expect(await found('preseed', `d-i partman-auto/method string ${method}`)).to.deep.equal([
        `1 ${storage}: partman-auto/method ${method}`,
      ]);
    }
    const method = 'd-i partman-auto/method string';
    expect(await found('preseed', `${method} lvm`)).to.be.empty;
    expect(await found('preseed', `${method} crypto`, `${method} lvm`, `#${method} crypto`)).to.be.empty;
    expect(
      await found('preseed', 'd-i partman-auto/expert_recipe string x :: \\', '  1 1 1 free method{ raid } \\', ' .'),
    ).to.deep.equal(['1 RAID: partman-auto/expert_recipe raid']);
  });

  it("finds AutoYaST's thin volumes, RAID and encryption", async () => {
    expect(
      await found(
        'yast',
        '<drive><type config:type="symbol">CT_LVM</type>',
        '<lvm_group>system</lvm_group><raid_name/><pool config:type="boolean">true</pool>',
        '<!-- <crypt_fs',
        'config:type="boolean">true</crypt_fs> -->',
        '<crypt_fs config:type="boolean">true</crypt_fs>',
        '<type t="symbol">CT_MD</type><pool t="boolean">false</pool><type>CT_DISK</type>',
        '<encryption_password>secret</encryption_password><used_pool>pool</used_pool>',
      ),
    ).to.deep.equal([
      '2 thin volumes: <pool>',
      '5 encryption: <crypt_fs>',
      '6 RAID: CT_MD',
      '7 thin volumes: <used_pool>',
      '7 encryption: <encryption_password>',
    ]);
  });

  it("finds encryption in subiquity's storage, and takes LVM", async () => {
    const head = ['#cloud-config', 'autoinstall:', '  version: 1'];
    expect(await found('autoinstall', ...head)).to.be.empty;
    for (const name of ['lvm', 'direct']) {
      expect(await found('autoinstall', ...head, `  storage: {layout: {name: ${name}}}`)).to.be.empty;
    }
    expect(await found('autoinstall', ...head, '  storage: {layout: {name: lvm, password: x}}')).to.have.length(1);
    const config = ['  storage:', '    config:', '    - {type: lvm_partition, id: l}', '    - {type: dm_crypt, id: c}'];
    expect(await found('autoinstall', ...head, ...config)).to.deep.equal(['7 encryption: type: dm_crypt']);
    expect(await found('autoinstall', '#cloud-config', 'users: []')).to.be.empty;
  });

  it("finds Agama's thin volumes and encryption, wherever they stand", async () => {
    const profile = {
      storage: {
        drives: [{ partitions: [{ encryption: { luks2: { password: 'secret' } } }] }],
        volumeGroups: [{ name: 'system', logicalVolumes: [{ pool: true, alias: 'p' }, { usedPool: 'p' }] }],
        mdRaids: [],
      },
    };
    expect(await found('agama', JSON.stringify(profile, undefined, 1))).to.deep.equal([
      '7 encryption: encryption',
      '25 thin volumes: usedPool',
    ]);
    expect(await found('agama', '{"storage": {"guided": {"target": {"newLvmVg": ["/dev/vda"]}}}}')).to.be.empty;
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
