import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { rejection, testHost } from '../../../test/support/host.js';
import { needNamespaces } from '../../../test/support/namespaces.js';
import { smallTree } from '../../../test/support/small-tree.js';
import type { Failure } from '../../host/failure.js';
import { ownersOfTree } from '../../host/tree-namespace.js';
import { contentOf } from './content.js';
import { listTree, partOf, roomFor, withAdded } from './tree-listing.js';
import { makeTreeView, type TreeView } from './tree-view.js';

describe('a listing of a tree', () => {
  before(needNamespaces);
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'listing-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  const whole = { top: '/', masked: [] };
  async function viewOf(tree: string): Promise<TreeView> {
    mkdirSync(join(directory, 'view'));
    return makeTreeView(join(directory, 'view'), { tree, namespace: await ownersOfTree(tree) });
  }

  it('with what a disk adds is what the view of both shows', async () => {
    const tree = smallTree(join(directory, 'tree'));
    chmodSync(join(tree, 'boot'), 0o750);
    const asItIs = await viewOf(tree);
    const added = { directory: join(directory, 'added'), epoch: 1_700_000_000 };
    const before = await listTree(testHost(), asItIs, whole);
    const files = { 'etc/hostname': 'a new name that is longer', 'boot/efi/EFI/größe': 'big'.repeat(4000) };
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(added.directory, path)), { recursive: true });
      writeFileSync(join(added.directory, path), content, { mode: 0o600 });
    }
    writeFileSync(join(added.directory, 'boot/efi/EFI/program'), '', { mode: 0o700 });
    mkdirSync(join(added.directory, 'var/tmp'), { recursive: true });
    const expected = await listTree(testHost(), { ...asItIs, added }, whole);
    const found = await withAdded(before, added);
    expect(expected.length).to.equal(before.length + 4);
    // A file that was copied for a view has another number; only files have links to be counted.
    const told = (entries: typeof found) =>
      entries.map((entry) => ({ ...entry, inode: '', links: entry.kind === 'd' ? 1 : entry.links }));
    expect(told(found)).to.deep.equal(told(expected));
    expect(roomFor(found)).to.equal(roomFor(expected));
  });

  it('of a part is what the view shows of it where what other file systems hold is masked', async () => {
    const view = await viewOf(smallTree(join(directory, 'tree')));
    const entries = await listTree(testHost(), view, whole);
    const told = (part: typeof entries | undefined) => part?.map(({ path, kind, mode }) => ({ path, kind, mode }));
    for (const place of [
      { top: '/', masked: ['/boot/efi', '/usr/share', '/var'] },
      { top: '/usr', masked: ['/usr/share'] },
      { top: '/boot/efi', masked: [] },
    ]) {
      const part = partOf(entries, place);
      expect(told(part)).to.deep.equal(told(await listTree(testHost(), view, place)));
      expect(part?.[0]).to.deep.include({ path: '', kind: 'd' });
    }
  });

  it('does not tell what lies at a mount point behind a symbolic link, and a view does', async () => {
    const view = await viewOf(smallTree(join(directory, 'tree')));
    const entries = await listTree(testHost(), view, whole);
    expect(partOf(entries, { top: '/', masked: ['/bin'] })).to.equal(undefined);
    expect(partOf(entries, { top: '/bin/none', masked: [] })).to.equal(undefined);
    symlinkSync('usr', join(view.tree, 'unix'));
    const place = { top: '/unix/share', masked: [] };
    const content = await contentOf(testHost(), { view, entries }, place);
    expect(content.entries.map(({ path }) => path)).to.include('big');
    const none = { top: '/srv/none', masked: [] };
    const error = await rejection(contentOf(testHost(), { view, entries }, none));
    expect((error as Failure).message).to.contain('/srv/none');
  });
});
