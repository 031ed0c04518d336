import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { testHost } from '../../../test/support/host.js';
import { needNamespaces } from '../../../test/support/namespaces.js';
import { smallTree } from '../../../test/support/small-tree.js';
import { ownersOfTree } from '../../host/tree-namespace.js';
import { listTree, roomFor, withAdded } from './tree-listing.js';
import { makeTreeView } from './tree-view.js';

describe('a listing of a tree', () => {
  before(needNamespaces);
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'listing-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('with what a disk adds is what the view of both shows', async () => {
    const tree = smallTree(join(directory, 'tree'));
    mkdirSync(join(directory, 'view'));
    const namespace = await ownersOfTree(tree);
    const view = await makeTreeView(join(directory, 'view'), { tree, epoch: 1, namespace });
    const whole = { top: '/', masked: [] };
    const before = await listTree(testHost(), view, whole);
    mkdirSync(join(view.added, 'etc'));
    writeFileSync(join(view.added, 'etc/hostname'), 'a new name that is longer\n');
    mkdirSync(join(view.added, 'boot/efi/EFI'), { recursive: true });
    writeFileSync(join(view.added, 'boot/efi/EFI/größe'), Buffer.alloc(10_000, 1));
    const [expected, found] = [await listTree(testHost(), view, whole), await withAdded(before, view.added)];
    expect(expected.length).to.be.greaterThan(before.length);
    const told = (entries: typeof found) => entries.map(({ path, kind, size }) => `${path} ${kind} ${size}`).sort();
    expect(told(found)).to.deep.equal(told(expected));
    expect(roomFor(found)).to.equal(roomFor(expected));
  });
});
