import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { testHost } from '../../../test/support/host.js';
import { needNamespaces } from '../../../test/support/namespaces.js';
import { isRoot, owner, smallTree } from '../../../test/support/small-tree.js';
import { run } from '../../host/host.js';
import { ownersOfTree } from '../../host/tree-namespace.js';
import { commandInView, inView, makeTreeView, type TreeView } from './tree-view.js';

const epoch = Date.UTC(2024, 0, 1) / 1000;

describe('the view of a tree', () => {
  before(needNamespaces);
  let directory: string;
  let tree: string;
  let asItIs: TreeView;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tree view-'));
    tree = smallTree(join(directory, 'a, tree: of\\ours'));
    mkdirSync(join(directory, 'view'));
    asItIs = await makeTreeView(join(directory, 'view'), { tree, namespace: await ownersOfTree(tree) });
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const seen = async (view: TreeView, masked: readonly string[], program: 'find' | 'cat', ...args: string[]) =>
    (await run(testHost(), commandInView(view, masked, program, args))).stdout;
  /** Owner, mode and time of paths in a view. */
  const attributes = async (view: TreeView, masked: readonly string[], ...paths: string[]) => {
    const found = await seen(
      view,
      masked,
      'find',
      ...paths.map((path) => inView(view, path)),
      ...['-maxdepth', '0', '-printf', '%U:%G %m %T@\\n'],
    );
    return found.split('\n');
  };

  /** Gives a directory of the tree what no new one has. */
  function mark(path: string): void {
    if (isRoot) chownSync(join(tree, path), owner.uid, owner.gid);
    chmodSync(join(tree, path), 0o2750);
    utimesSync(join(tree, path), 1_600_000_000.25, 1_600_000_000.25);
  }
  const marked = `${isRoot ? `${owner.uid}:${owner.gid}` : '0:0'} 2750 1600000000.2500000000`;

  it('has nothing in directories that are masked, which keep their owner, mode and time', async () => {
    mark('boot/efi');
    mark('usr/share');
    const masked = ['/boot/efi', '/usr/share'];
    const below = masked.map((path) => inView(asItIs, path));
    expect(await seen(asItIs, masked, 'find', ...below, '-mindepth', '1')).to.equal('');
    expect(await attributes(asItIs, masked, ...masked)).to.deep.equal([marked, marked]);
    expect(await seen(asItIs, masked, 'cat', inView(asItIs, '/etc/hostname'))).to.equal('small');
  });

  it('has what is added, with times of its own, in the directories of the tree as they are', async () => {
    for (const path of ['.', 'boot', 'etc']) mark(path);
    const added = { directory: join(directory, 'added'), epoch };
    for (const path of ['etc', 'boot/grub', 'var/tmp']) mkdirSync(join(added.directory, path), { recursive: true });
    writeFileSync(join(added.directory, 'etc/fstab'), 'ours\n', { mode: 0o600 });
    const view = { ...asItIs, added };
    expect(await seen(view, [], 'cat', inView(view, '/etc/fstab'), inView(view, '/etc/hostname'))).to.equal(
      'ours\nsmall',
    );
    const found = await attributes(view, [], '/', '/boot', '/etc', '/etc/fstab', '/boot/grub', '/var/tmp');
    const at = `${epoch}.0000000000`;
    expect(found).to.deep.equal([...[marked, marked, marked], ...[`0:0 644 ${at}`, `0:0 755 ${at}`, `0:0 1777 ${at}`]]);
  });

  it('is gone with its command, and has left the tree as it was', async () => {
    const before = statSync(join(tree, 'etc/hostname')).atimeMs;
    expect(await seen(asItIs, ['/boot/efi'], 'cat', inView(asItIs, '/etc/hostname'))).to.equal('small');
    expect(statSync(join(tree, 'etc/hostname')).atimeMs).to.equal(before);
    expect(readFileSync('/proc/self/mounts', 'utf8')).to.not.contain(directory.replace(' ', '\\040'));
    expect(await seen(asItIs, [], 'find', '.', '-maxdepth', '1', '-type', 'd')).to.contain('./tree');
  });
});
