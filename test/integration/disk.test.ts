import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { program as call } from '../support/disk.js';
import { program } from '../support/demo-image.js';
import { normalUser, type NormalUser } from '../support/normal-user.js';
import { isRoot, owner, smallTree } from '../support/small-tree.js';

const layout = `- local_loop: {name: image0, size: 32MiB}
- partitioning:
    base: image0
    label: gpt
    partitions:
      - {name: root, size: 100%, mkfs: {type: ext4, mount: {mount_point: /, fstab: {}}}}
`;
const offset = 2 ** 20;

describe('disk make', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'image-factory-disk-'));
    writeFileSync(join(directory, 'small.yaml'), layout);
    mkdirSync(join(directory, 'tree'));
    smallTree(join(directory, 'tree'));
  });
  after(() => rmSync(directory, { recursive: true }));

  const run = (...words: string[]) => execa(program, ['disk', 'make', ...words], { reject: false, cwd: directory });
  const words = ['--layout', './small.yaml', '--tree', 'tree', '--boot-loader', 'none'];

  it('makes a disk, and replaces one only when told to', async () => {
    const made = await run(...words, 'disk.raw');
    expect(made.stderr).to.match(/Making ext4 for \/ on root\n.*Made .*\/disk\.raw$/);
    expect(made.exitCode).to.equal(0);
    call('e2fsck', ['-f', '-n', `${join(directory, 'disk.raw')}?offset=${offset}`]);
    const again = await run(...words, 'disk.raw');
    expect(again.exitCode).to.equal(2);
    expect(again.stderr).to.contain(
      "disk.raw: there is a file of that name already: choose another name, or use '--force'",
    );
    expect((await run(...words, '--force', 'disk.raw')).exitCode).to.equal(0);
    rmSync(join(directory, 'disk.raw'));
  });

  const mistakes: Record<string, { words: string[]; told: RegExp }> = {
    'no tree': { words: ['--layout', 'hybrid', '--size', '2G'], told: /--tree <dir> is missing/ },
    'a tree that is not there': {
      words: ['--layout', 'hybrid', '--size', '2G', '--tree', 'nowhere'],
      told: /nowhere: there is no such directory/,
    },
    'no layout': { words: ['--tree', 'tree'], told: /--layout <name> is missing: a shipped layout such as 'hybrid'/ },
    'a misspelt layout': {
      words: ['--layout', 'hybird', '--tree', 'tree'],
      told: /--layout: expected one of .*did you mean 'hybrid'\?/,
    },
    'no size': {
      words: ['--layout', 'hybrid', '--tree', 'tree'],
      told: /--size <size> is missing: the layout hybrid gives its disk image0 none/,
    },
    'a size that is none': {
      words: ['--layout', 'hybrid', '--tree', 'tree', '--size', 'big'],
      told: /--size: expected a size/,
    },
    'a disk that is too small': {
      words: ['--layout', './large.yaml', '--tree', 'tree'],
      told: /large\.yaml:6: .*root.*1 GiB/,
    },
    'a tree without a kernel': {
      words: ['--layout', './small.yaml', '--tree', 'tree'],
      told: /has no (programs|kernel).*'--boot-loader none'/,
    },
  };
  for (const [what, { words: given, told }] of Object.entries(mistakes)) {
    it(`says what is wrong with ${what}, and leaves nothing`, async () => {
      writeFileSync(join(directory, 'large.yaml'), layout.replace('100%', '1GiB'));
      const before = readdirSync(directory);
      const { exitCode, stderr } = await run(...given, 'never.raw');
      expect(stderr).to.match(told);
      expect(exitCode).to.equal(2);
      expect(readdirSync(directory)).to.deep.equal(before);
    });
  }

  it('says that there is no directory for the output', async () => {
    const { exitCode, stderr } = await run(...words, 'nowhere/disk.raw');
    expect(stderr).to.contain('nowhere/disk.raw: there is no directory nowhere');
    expect(exitCode).to.equal(2);
  });

  it('leaves nothing when it is stopped', async () => {
    const before = readdirSync(directory);
    const running = run(...words, 'stopped.raw');
    for await (const line of running.iterable({ from: 'stderr' })) {
      if (/Making ext4/.test(line)) running.kill('SIGINT');
    }
    expect((await running).exitCode).to.equal(130);
    expect(readdirSync(directory)).to.deep.equal(before);
  });
});

describe('disk make by an ordinary user', function () {
  let user: NormalUser;
  before(async function () {
    if (!isRoot) {
      console.log('      skipped: making accounts takes root; run it with: sudo make check');
      this.skip();
    }
    user = await normalUser();
  });
  after(async () => user?.remove());

  /** The owner of a file on the disk that the user makes from a tree. */
  async function ownerOnDisk(tree: string, file: string): Promise<string> {
    const output = join(user.home, 'disk.raw');
    writeFileSync(join(user.home, 'small.yaml'), layout);
    const [first = '', ...rest] = user.command;
    const given = ['--layout', './small.yaml', '--tree', tree, '--boot-loader', 'none', '--force'];
    await execa(first, [...rest, user.program, 'disk', 'make', ...given, output]);
    const place = `${output}?offset=${offset}`;
    call('e2fsck', ['-f', '-n', place]);
    const stat = call('debugfs', ['-R', `stat ${file}`, place]);
    return /User: +(\d+) +Group: +(\d+) /.exec(stat)?.slice(1).join(':') ?? stat;
  }

  it('keeps the owners of a tree that begins with their subordinate ids, as mmdebstrap makes it', async () => {
    const tree = join(user.home, 'by-subordinate-ids');
    mkdirSync(tree);
    smallTree(tree);
    const name = call('stat', ['-c', '%U', user.home]).trim();
    const [, first = ''] = new RegExp(`^${name}:(\\d+):`, 'm').exec(readFileSync('/etc/subuid', 'utf8')) ?? [];
    const shift = `find ${tree} -exec sh -c 'for f; do chown -h $(($(stat -c %u "$f") + ${first})):$(($(stat -c %g "$f") + ${first})) "$f"; done' x {} +`;
    call('sh', ['-c', shift]);
    expect(await ownerOnDisk(tree, '/var/log/messages')).to.equal(`${owner.uid}:${owner.gid}`);
    expect(await ownerOnDisk(tree, '/etc/hostname')).to.equal('0:0');
    expect(await ownerOnDisk(tree, '/etc/fstab')).to.equal('0:0');
  });

  it("makes the files of a tree that is all the user's root's", async () => {
    const tree = join(user.home, 'own');
    mkdirSync(tree);
    smallTree(tree);
    call('chown', ['-hR', call('stat', ['-c', '%u:%g', user.home]).trim(), tree]);
    expect(await ownerOnDisk(tree, '/var/log/messages')).to.equal('0:0');
  });

  it("refuses a tree with others' ids", async () => {
    const [first = '', ...rest] = user.command;
    const given = ['--layout', 'bios', '--size', '1G', '--tree', '/usr', join(user.home, 'never.raw')];
    const { exitCode, stderr } = await execa(first, [...rest, user.program, 'disk', 'make', ...given], {
      reject: false,
    });
    expect(stderr).to.contain('the tree /usr belongs to the user 0').and.to.contain("'mmdebstrap --mode=unshare'");
    expect(exitCode).to.equal(1);
    expect(existsSync(join(user.home, 'never.raw'))).to.equal(false);
  });
});
