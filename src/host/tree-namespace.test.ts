import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { rejection } from '../../test/support/host.js';
import { idRanges, ownersOfTree } from './tree-namespace.js';

const ids = (first: number) => [{ first, count: 65536 }];

describe('the owners of a tree', () => {
  let tree: string;
  before(() => (tree = mkdtempSync(`${tmpdir()}/image-factory-owners-`)));
  after(() => rmSync(tree, { recursive: true }));
  const mounts = ['--mount', '--propagation', 'private'];
  const me = process.getuid?.() ?? 0;
  const group = process.getgid?.() ?? 0;

  it('are what they are for root', async () => {
    expect(await ownersOfTree(tree, { uid: 0, subordinateUids: [], subordinateGids: [] })).to.deep.equal(mounts);
  });

  it('begin with the user in a tree that is theirs', async () => {
    const theirs = mkdtempSync(`${tmpdir()}/image-factory-owners-`);
    const uid = me === 0 ? 4321 : me;
    chownSync(theirs, uid, group);
    const caller = { uid, subordinateUids: ids(100000), subordinateGids: ids(200000) };
    expect(await ownersOfTree(theirs, caller)).to.deep.equal([
      ...['--map-root-user', '--map-users=100000,1,65536', '--map-groups=200000,1,65536'],
      ...mounts,
    ]);
    expect(await ownersOfTree(theirs, { uid, subordinateUids: [], subordinateGids: [] })).to.deep.equal([
      '--map-root-user',
      ...mounts,
    ]);
    rmSync(theirs, { recursive: true });
  });

  it('begin with the first subordinate id in a tree that mmdebstrap made', async () => {
    const caller = { uid: 4321, subordinateUids: ids(me), subordinateGids: ids(group) };
    expect(await ownersOfTree(tree, caller)).to.deep.equal([
      ...['--map-user=65535', `--map-users=${me},0,65535`, '--map-group=65535', `--map-groups=${group},0,65535`],
      ...['--setuid', '0', '--setgid', '0', ...mounts],
    ]);
  });

  it('can not be read where they are others', async () => {
    const caller = { uid: 4321, subordinateUids: ids(100000), subordinateGids: ids(100000) };
    const error = await rejection(ownersOfTree(tree, caller));
    expect((error as Error).message).to.contain(
      `belongs to the user ${me}, which is neither you nor the first of your subordinate ids`,
    );
  });

  it('are read from subuid(5), by name and by number', () => {
    expect(idRanges('other:1:2\nme:100000:65536\n4321:300000:10\n', ['4321', 'me'])).to.deep.equal([
      { first: 100000, count: 65536 },
      { first: 300000, count: 10 },
    ]);
  });
});
