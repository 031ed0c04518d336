import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { execa, type Options } from 'execa';
import { mountsHere } from '../../src/host/mounts.js';
import { program } from '../support/demo-image.js';
import { program as call } from '../support/disk.js';
import { needNamespaces } from '../support/namespaces.js';
import { normalUser } from '../support/normal-user.js';
import { isRoot } from '../support/small-tree.js';
import { treeOfShell } from '../support/tree-of-shell.js';

const layout = `- local_loop: {name: image0, size: 64MiB}
- partitioning:
    base: image0
    label: gpt
    partitions:
      - {name: root, size: 100%, mkfs: {type: ext4, mount: {mount_point: /, fstab: {}}}}
`;

/** Three levels: web is a child of a disk, ci and shop are children of web. */
const configuration = `[DEFAULT]
output-dir = out
boot-test = off
format = raw
[web]
parent = file:base.raw
files = files/web
run = web.sh
[ci]
parent = web
run = ci.sh
[shop]
parent = web
post-script = shop.sh
`;

interface TreeState {
  readonly image: string;
  readonly state: string;
  readonly differing?: readonly string[];
  readonly layer?: string;
}

describe('derived images', () => {
  let base: string;
  let directory: string;
  before(needNamespaces);
  before(async () => {
    base = mkdtempSync(join(tmpdir(), 'image-factory-base-'));
    writeFileSync(join(base, 'small.yaml'), layout);
    treeOfShell(join(base, 'tree'));
    const words = ['--layout', './small.yaml', '--tree', 'tree', '--boot-loader', 'none', 'base.raw'];
    await execa(program, ['disk', 'make', ...words], { cwd: base });
  });
  after(() => base && rmSync(base, { recursive: true }));
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'image-factory-derive-'));
    fill(directory);
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function fill(to: string): void {
    call('cp', ['--sparse=always', join(base, 'base.raw'), join(to, 'base.raw')]);
    writeFileSync(join(to, 't.conf'), configuration);
    mkdirSync(join(to, 'files/web/etc'), { recursive: true });
    writeFileSync(join(to, 'files/web/etc/page'), 'hello\n');
    writeFileSync(join(to, 'files/web.modes'), 'web web 4750 /etc/page\n');
    writeFileSync(join(to, 'web.sh'), 'touch /etc/web /tmp/left; chown web /etc/web; echo noise >/var/log/noise\n');
    writeFileSync(join(to, 'ci.sh'), '#!/bin/sh\nset -e\ncat /etc/page >/etc/ci\n');
    writeFileSync(join(to, 'shop.sh'), 'rm /etc/web\n');
    chmodSync(join(to, 'ci.sh'), 0o755);
  }
  const environment = () => ({ IMAGE_FACTORY_STORE_DIR: join(directory, 'store'), IMAGE_FACTORY_CONFIG: 't.conf' });
  const start = (words: readonly string[], options: Options = {}) =>
    execa(program, [...words], { cwd: directory, env: environment(), reject: false, all: true, ...options });
  const build = async (...words: string[]) => {
    const { exitCode, all } = await start([...words, '--cache-dir', join(directory, 'cache')]);
    return { exitCode, all: String(all) };
  };
  const states = async (): Promise<Record<string, TreeState>> => {
    const { stdout } = await start(['tree', '--json', '--set', `cache-dir=${join(directory, 'cache')}`]);
    const { images } = JSON.parse(String(stdout)) as { images: TreeState[] };
    return Object.fromEntries(images.map((each) => [each.image, each]));
  };
  const debugfs = (image: string, request: string) => {
    const [file] = readdirSync(join(directory, 'out')).filter(
      (name) => name.startsWith(image) && name.endsWith('.raw'),
    );
    return call('debugfs', ['-R', request, `${join(directory, 'out', file ?? '')}?offset=${2 ** 20}`]);
  };
  const expectNothingLeft = () => {
    expect(readdirSync(join(directory, 'store/staging'))).to.deep.equal([]);
    expect(readdirSync(join(directory, 'store/nodes')).filter((name) => name.startsWith('.'))).to.deep.equal([]);
    expect(mountsHere().filter(({ mountPoint }) => mountPoint.startsWith(directory))).to.deep.equal([]);
  };

  it('are built by what has changed, parents first', async () => {
    const first = await build('ci', 'shop');
    expect(first.exitCode).to.equal(0, first.all);
    expect(first.all).to.match(/3 of 3 images done\n.*web +done.*\n.*ci +done.*\n.*shop +done/);
    expect(debugfs('ci', 'stat /etc/page')).to.match(/Mode: +04750/);
    expect(debugfs('ci', 'stat /etc/page')).to.match(/User: +33 +Group: +33/);
    expect(debugfs('ci', 'cat /etc/ci')).to.equal('hello\n');
    expect(debugfs('shop', 'ls /etc')).not.to.match(/ web /);
    expect(debugfs('ci', 'ls /etc')).to.match(/ web /);
    expect(debugfs('ci', 'cat /var/log/noise')).to.equal('', 'logs are cleaned as in an installed image');
    expect(debugfs('ci', 'ls /tmp')).not.to.match(/left/);
    const uuid = (file: string) => call('blkid', ['-p', '-o', 'value', '-s', 'UUID', '-O', String(2 ** 20), file]);
    const [image = ''] = readdirSync(join(directory, 'out')).filter((name) => /^ci.*raw$/.test(name));
    expect(uuid(join(directory, 'out', image))).to.equal(uuid(join(directory, 'base.raw')));
    expectNothingLeft();

    const again = await build('ci', 'shop');
    expect(again.all).to.match(/2 of 2 images done\n.*ci +up to date.*\n.*shop +up to date/);

    // What does not change the result does not count.
    const text = configuration.replace('[ci]', '# a comment\n\n[ci]').replace('run = ci.sh', 'run =  ci.sh  ');
    writeFileSync(join(directory, 't.conf'), text);
    expect((await states()).ci?.state).to.equal('fresh');
    writeFileSync(join(directory, 'ci.sh'), '#!/bin/sh\necho other >/etc/ci\n');
    writeFileSync(join(directory, 'files/web.modes'), 'web web 0600 /etc/page\n');
    const changed = await states();
    expect(changed.web).to.deep.include({ state: 'stale', differing: ['files web'] });
    expect(changed.ci?.state).to.equal('waits for its parent');
    const rebuilt = await build('ci');
    expect(rebuilt.all).to.match(/2 of 2 images done\n.*web +done.*\n.*ci +done/);
    expect((await states()).shop).to.deep.include({ state: 'stale', differing: ['parent'] });
  });

  it('are told of in a dry run, which makes nothing', async () => {
    const dry = async (...words: string[]) => {
      const { exitCode, all } = await build('ci', '--dry-run', ...words);
      expect(exitCode).to.equal(0, all);
      return all.split('\n').filter((line) => line.startsWith('#'));
    };
    const [parent, tree, image] = await dry();
    expect(parent).to.equal('# parent: web is not built');
    expect(tree).to.equal(`# tree: a new layer of ${join(directory, 'store')}, derived from web`);
    expect(image).to.match(/^# image: .*\/out\/ci-\d{4}-\d\d-\d\d\.raw$/);
    expect(existsSync(join(directory, 'store/layers'))).to.equal(false);
  });

  it('leave children untouched where a rebuilt parent has the same content', async () => {
    expect((await build('ci')).exitCode).to.equal(0);
    const before = (await states()).ci?.layer;
    writeFileSync(
      join(directory, 'web.sh'),
      '# the same\ntouch /etc/web /tmp/left; chown web /etc/web; echo noise >/var/log/noise\n',
    );
    const { all } = await build('ci');
    expect(all).to.match(/web +done.*\n.*ci +up to date/);
    expect((await states()).ci?.layer).to.equal(before);
  });

  it('go on beside a failure, which skips only what depends on it', async () => {
    writeFileSync(join(directory, 'web.sh'), 'echo no such luck >&2; exit 7\n');
    writeFileSync(join(directory, 't.conf'), `${configuration}[other]\nparent = file:base.raw\nrun = ci2.sh\n`);
    writeFileSync(join(directory, 'ci2.sh'), 'touch /etc/other\n');
    const { exitCode, all } = await build('--all', '--jobs', '2');
    expect(exitCode).to.equal(1);
    expect(all).to.match(/web: ERROR: derive: web\.sh failed with exit code 7:\nno such luck/);
    expect(all)
      .to.match(/web +failed/)
      .and.to.match(/ci +skipped +web failed/);
    expect(all)
      .to.match(/shop +skipped +web failed/)
      .and.to.match(/other +done/);
    expectNothingLeft();
    writeFileSync(join(directory, 'web.sh'), 'touch /etc/web\n');
    expect((await build('--children-of', 'web')).all).to.match(/3 of 3 images done/);
  });

  it('are not built on a parent that was changed behind their back', async () => {
    expect((await build('web')).exitCode).to.equal(0);
    const layer = (await states()).web?.layer ?? '';
    writeFileSync(join(directory, 'store/layers', layer, 'tree/etc/page'), 'bad\n');
    const { exitCode, all } = await build('ci');
    expect(exitCode).to.equal(1);
    expect(all).to.match(new RegExp(`layer '${layer}' is not what it was when it was closed: etc/page`));
    expectNothingLeft();
  });

  it('leave nothing when they are interrupted, or killed; the same command goes on', async () => {
    writeFileSync(join(directory, 'web.sh'), `touch /etc/web\n[ -e /etc/quick ] || sleep 98765\n`);
    const isUp = () =>
      call('sh', ['-c', 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " "']).includes('sleep 98765');
    const temporary = join(directory, 'tmp');
    mkdirSync(temporary);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
      const options = { detached: true, env: { ...environment(), TMPDIR: temporary } };
      const running = start(['web', '--cache-dir', join(directory, 'cache')], options);
      while (!isUp()) await sleep(50);
      running.kill(signal);
      const { exitCode } = await running;
      expect(exitCode).to.equal(signal === 'SIGKILL' ? undefined : 130);
      while (isUp()) await sleep(50);
      if (signal !== 'SIGKILL') expectNothingLeft();
    }
    writeFileSync(join(directory, 'web.sh'), 'touch /etc/web\n');
    const { exitCode, all } = await build('ci');
    expect(exitCode).to.equal(0, all);
    expectNothingLeft();
    expect(readdirSync(temporary)).to.deep.equal([]);
  });

  it('have the frame of their own parent, though another image has the same tree', async () => {
    expect((await build('web')).exitCode).to.equal(0);
    const layer = readdirSync(join(directory, 'store/layers')).find((name) => name.startsWith('file_base.raw')) ?? '';
    writeFileSync(join(directory, 'own.yaml'), layout);
    const twin = `[twin]\nparent = ${layer}\nlayout = ./own.yaml\nimage-size = 64M\nfiles = files/web\nrun = web.sh\n`;
    writeFileSync(join(directory, 't.conf'), configuration + twin);
    const { exitCode, all } = await build('twin');
    expect(exitCode).to.equal(1, all);
    expect(all).to.match(/the tree of twin has no kernel, so no disk can be made of it/);
  });

  it('say what is wrong before anything is done', async () => {
    const told = async (text: string) => {
      writeFileSync(join(directory, 't.conf'), text);
      const { exitCode, all } = await build('web');
      expect(existsSync(join(directory, 'out'))).to.equal(false);
      return `${exitCode}: ${all}`;
    };
    expect(await told('[web]\nparent = ci\n[ci]\nparent = web\n')).to.match(
      /^2: .*\[web\]: 'parent' leads in a circle: \[ci\] -> \[web\] -> \[ci\]/s,
    );
    expect(await told('[web]\nparent = ../x.raw\n')).to.match(/^2: .*a path is written 'file:\.\.\/x\.raw'/s);
    expect(await told('[web]\nparent = file:base.raw\nrun = nowhere.sh\n')).to.match(
      /^2: .*run = .*nowhere\.sh.*no such file/s,
    );
    expect(await told('[web]\nparent = file:base.raw\nrun = files\n')).to.match(
      /^2: .*t\.conf:3: \[web\] run = .*can't read \S*files: it is a directory/s,
    );
    expect(await told('[web]\nparent = nowhere\n')).to.match(/^2: .*there is no image and no layer of that name;/s);
    expect(await told('[web]\nparent = bsae\n[base]\nparent = file:base.raw\n')).to.match(
      /^2: .*no layer of that name \(did you mean 'base'\?\)/s,
    );
    writeFileSync(join(directory, 'notes'), 'no system\n');
    mkdirSync(join(directory, 'layout'));
    writeFileSync(join(directory, 'layout/oci-layout'), '{"imageLayoutVersion": "1.0.0"}');
    const manifest = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: `sha256:${'0'.repeat(64)}` };
    const named = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'latest' } };
    writeFileSync(join(directory, 'layout/index.json'), JSON.stringify({ manifests: [named] }));
    for (const [parent, said] of [
      ['notes', /notes is no archive, container image or disk/],
      ['layout:latst', /there is no image 'latst' in it, but: latest/],
    ] as const) {
      const message = await told(`[web]\nparent = file:${parent}\n`);
      expect(message)
        .to.match(/^2: .*t\.conf:2: \[web\] parent = file:/s)
        .and.to.match(said);
    }
  });

  it('are as complete for an ordinary user', async function () {
    if (!isRoot) return this.skip();
    const user = await normalUser();
    try {
      const home = join(user.home, 'work');
      mkdirSync(home);
      fill(home);
      call('chown', ['-R', `--reference=${user.home}`, home]);
      const [file = '', ...words] = [...user.command, user.program];
      const { all, exitCode } = await execa(
        file,
        [...words, 'ci', '--config', join(home, 't.conf'), '-o', join(home, 'out')],
        {
          reject: false,
          all: true,
        },
      );
      expect(exitCode).to.equal(0, all);
      cpSync(join(home, 'out'), join(directory, 'out'), { recursive: true });
      expect(debugfs('ci', 'stat /etc/page'))
        .to.match(/Mode: +04750/)
        .and.to.match(/User: +33 +Group: +33/);
      expect(debugfs('ci', 'stat /etc/web')).to.match(/User: +33/);
      expect(debugfs('ci', 'cat /etc/ci')).to.equal('hello\n');
      expect(readFileSync(join(home, 'files/web/etc/page'), 'utf8')).to.equal('hello\n');
    } finally {
      await user.remove();
    }
  });
});
