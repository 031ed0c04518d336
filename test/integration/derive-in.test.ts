import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { DerivedImages } from '../support/derived-images.js';
import { program } from '../support/demo-image.js';
import { needNamespaces } from '../support/namespaces.js';

const configuration = '[web]\nparent = file:tree\noutput-dir = out\nboot-test = off\n';

/** Limits of a user namespace hold for what is below it, and for nothing else. */
const closed = [
  ...['unshare', '--user', '--map-root-user', '--', 'sh', '-c'],
  ...['echo 0 >/proc/sys/user/max_mnt_namespaces; exec "$@"', 'sh'],
];

describe('derive-in', () => {
  let images: DerivedImages;
  before(needNamespaces);
  beforeEach(() => (images = new DerivedImages(configuration)));
  afterEach(() => images?.remove());

  async function call(before: readonly string[], ...words: string[]) {
    const [file = '', ...args] = [...before, program, ...words];
    const store = join(images.directory, 'store');
    const env = { IMAGE_FACTORY_STORE_DIR: store, IMAGE_FACTORY_CONFIG: 't.conf' };
    const { all, exitCode } = await execa(file, args, { cwd: images.directory, env, reject: false, all: true });
    return { all: String(all), exitCode };
  }

  it('= vm is refused for an architecture that this machine does not have', async () => {
    const other = process.arch === 'arm64' ? 'amd64' : 'arm64';
    const { all, exitCode } = await call([], 'validate', 'web', '--set', 'derive-in=vm', '--set', `arch=${other}`);
    expect(exitCode).to.equal(2, all);
    expect(all).to.match(
      /derive-in = vm: no virtual machine of ours runs programs of \w+ on this machine; use 'namespace'/,
    );
  });

  it('= namespace is refused where they are closed, and the way that is open is named', async () => {
    const { all, exitCode } = await call(closed, 'validate', 'web', '--set', 'derive-in=namespace');
    expect(exitCode).to.equal(2, all);
    expect(all).to.match(
      /\[web\] derive-in = namespace: namespaces are closed here: unshare: .*; 'derive-in = vm' works here/,
    );
    const { exitCode: open, all: nothing } = await call(closed, 'validate', 'web');
    expect(open).to.equal(0, nothing);
  });

  it('is no way to make an image of packages where namespaces are closed, which is told before anything is made', async () => {
    images.write(
      't.conf',
      `${configuration}[jeos]\nlike = trixie\npackage-sources = http://192.0.2.1/debian trixie main\ngroup = container\noptions = !kernel\noutput-dir = made\n[child]\nparent = jeos\noutput-dir = made\n`,
    );
    const refusal =
      /\[jeos\](?: group = container:)? a system can't be made of packages here: namespaces are closed here: unshare: .*, and no virtual machine does this work; Run it outside of a container/;
    const cache = ['--cache-dir', join(images.directory, 'cache')];
    for (const words of [
      ['validate', 'jeos'],
      ['validate', 'child'],
      ['jeos', ...cache],
      ['child', ...cache],
      ['bootstrap', 'jeos', join(images.directory, 'jeos.tar'), ...cache],
    ]) {
      const { all, exitCode } = await call(closed, ...words);
      expect(exitCode, words.join(' ')).to.equal(2, all);
      expect(all).to.match(refusal);
    }
    for (const name of ['made', 'cache', 'jeos.tar', 'store/vm', 'store/nodes']) {
      expect(existsSync(join(images.directory, name)), name).to.equal(false);
    }
    const open = await call([], 'validate', 'jeos');
    expect(open.exitCode).to.equal(0, open.all);
  });

  it('names a store of virtual machines where namespaces are open', async () => {
    mkdirSync(join(images.directory, 'store/vm'));
    writeFileSync(join(images.directory, 'store/vm/store.ext4'), '');
    const { all, exitCode } = await call([], 'layer', 'list');
    expect(exitCode).to.equal(1);
    expect(all).to.match(
      /its trees are on the disk of virtual machines, made where namespaces were closed\nChoose another/,
    );
  });

  it('takes a store in which no virtual machine ever worked, once namespaces are open', async () => {
    mkdirSync(join(images.directory, 'store/vm'));
    writeFileSync(join(images.directory, 'store/vm/.lock'), '');
    const { all, exitCode } = await call([], 'layer', 'list');
    expect(exitCode).to.equal(0, all);
  });

  it('says what a parent without a kernel lacks, and leaves nothing', async function () {
    // Otherwise this machine's own kernel is taken.
    if (existsSync('/boot') && readdirSync('/boot').some((name) => name.startsWith('vmlinuz-'))) return this.skip();
    const { all, exitCode } = await call([], 'web', '--set', 'derive-in=vm');
    expect(exitCode).to.equal(1, all);
    expect(all).to.match(
      /ERROR: derive: derive-in = vm: there is no kernel to start a virtual machine with: the parent has no kernel in \/boot; /,
    );
    images.expectNothingLeft();
  });
});
