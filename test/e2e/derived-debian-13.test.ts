import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { execa } from 'execa';
import { TimeLimit } from '../../src/host/time-limit.js';
import { mountsHere } from '../../src/host/mounts.js';
import { program } from '../support/demo-image.js';
import { unpackedBuilder, type UnpackedBuilder } from '../support/diskimage-builder.js';
import { FailingProxy } from '../support/failing-proxy.js';
import { needInstalledDebian13 } from '../support/installed-debian-13.js';
import { normalUser } from '../support/normal-user.js';
import { SerialConsole } from '../support/serial-console.js';
import { freePort } from '../support/free-port.js';

/** Three levels: the installed image, a web server on it, and what tests it. */
const configuration = (parent: string, elements: string) => `[DEFAULT]
output-dir = out
boot-test = off
format = qcow2
[web]
parent = file:${parent}
packages = nginx-light
elements = journal-to-console sysctl
element-path = elements:${elements}
files = files/web
run = setup.sh
[web-ci]
parent = web
packages = time
run = ci.sh
bundles = raw, oci, vmdk, tar-gz, openvz
`;

describe('images that are derived from an installed Debian 13', function () {
  this.timeout(2 * 3600_000);
  let image: string;
  let builder: UnpackedBuilder;
  let directory: string;

  before(async function () {
    image = needInstalledDebian13(this);
    builder = await unpackedBuilder();
    directory = await mkdtemp(join(tmpdir(), 'derived-debian-13-'));
    await fill(directory, builder.elements);
  });
  after(async () => {
    builder?.remove();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  });

  async function fill(to: string, elements: string, parent = image): Promise<void> {
    await mkdir(join(to, 'files/web/var/www/html'), { recursive: true });
    await mkdir(join(to, 'elements'));
    await writeFile(join(to, 'files/web/var/www/html/index.html'), 'a derived page\n');
    await writeFile(join(to, 'setup.sh'), '#!/bin/sh -e\nsystemctl enable nginx\necho web >/etc/derived\n', {
      mode: 0o755,
    });
    await writeFile(join(to, 'ci.sh'), 'test -e /etc/derived\necho ci >>/etc/derived\n');
    await writeFile(join(to, 't.conf'), configuration(parent, elements));
  }
  async function build(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const { all, exitCode } = await execa(
      // The time of processors, which does not depend on what else runs here.
      'bash',
      ['-c', `TIMEFORMAT='cpu: %U %S'; time "$@"`, 'bash', program, ...words, '--cache-dir', join(directory, 'cache')],
      {
        ...{ cwd: directory, reject: false, all: true },
        env: { IMAGE_FACTORY_STORE_DIR: join(directory, 'store'), IMAGE_FACTORY_CONFIG: 't.conf', ...env },
      },
    );
    const [, user, system] = /^cpu: (\S+) (\S+)$/m.exec(String(all)) ?? [];
    return { all: String(all), exitCode, cpu: Number(user) + Number(system) };
  }
  function made(pattern: RegExp, below = directory): string {
    const [name] = readdirSync(join(below, 'out')).filter((each) => pattern.test(each));
    return join(below, 'out', name ?? String(pattern));
  }
  function expectNothingLeft(): void {
    expect(readdirSync(join(directory, 'store/staging'))).to.deep.equal([]);
    expect(readdirSync(join(directory, 'store/nodes')).filter((name) => name.startsWith('.'))).to.deep.equal([]);
    expect(mountsHere().filter(({ mountPoint }) => mountPoint.startsWith(`${directory}/`))).to.deep.equal([]);
  }

  it('leave nothing when the network is lost or a hook fails in the middle, and go on afterwards', async () => {
    const proxy = await FailingProxy.start();
    proxy.losesAt = /nginx-light_.*\.deb$/;
    const lost = await build(['web'], { http_proxy: proxy.url });
    expect(lost.exitCode).to.equal(1, lost.all);
    expect(proxy.asked.join('\n')).to.match(/nginx-light_/);
    expect(lost.all).to.match(/ERROR: derive: apt-get -q -y install .*failed with exit code 100:\n[^]*nginx-light/);
    expectNothingLeft();

    const hook = join(directory, 'elements/sulks/install.d/50-sulk');
    await mkdir(join(hook, '..'), { recursive: true });
    await writeFile(hook, '#!/bin/sh\necho no such luck >&2\nexit 7\n', { mode: 0o755 });
    const failed = await build(['web', '--set', 'elements=sulks']);
    expect(failed.exitCode).to.equal(1, failed.all);
    expect(failed.all).to.match(
      /ERROR: derive: install\.d\/50-sulk of element 'sulks' failed with exit code 7:\n[^]*no such luck/,
    );
    expectNothingLeft();
  });

  it('are built parents first, and not again while nothing changes', async () => {
    const first = await build(['web-ci']);
    expect(first.exitCode).to.equal(0, first.all);
    expect(first.all).to.match(/2 of 2 images done\n.*web +done.*\n.*web-ci +done/);
    expectNothingLeft();
    const again = await build(['web-ci']);
    expect(again.all).to.match(/Nothing has changed: .* is up to date/);
    expect(again.cpu).to.be.at.most(2);

    await writeFile(join(directory, 'ci.sh'), 'test -e /etc/derived\necho other >>/etc/derived\n');
    const { stdout } = await execa(program, ['tree', '--json', '--set', `cache-dir=${join(directory, 'cache')}`], {
      cwd: directory,
      env: { IMAGE_FACTORY_STORE_DIR: join(directory, 'store'), IMAGE_FACTORY_CONFIG: 't.conf' },
    });
    const { images } = JSON.parse(stdout) as { images: { image: string; state: string; differing?: string[] }[] };
    expect(images.find((one) => one.image === 'web')?.state).to.equal('fresh');
    expect(images.find((one) => one.image === 'web-ci')).to.deep.include({ state: 'stale', differing: ['run ci.sh'] });
    const changed = await build(['web', 'web-ci']);
    expect(changed.all).to.match(/web +up to date.*\n.*web-ci +done/);
  });

  it('are bundled for readers of other projects', async () => {
    const [qcow2, vmdk, raw, oci] = [/^web-ci.*\.qcow2$/, /\.vmdk$/, /web-ci.*\.raw$/, /oci/].map((pattern) =>
      made(pattern),
    );
    for (const file of [vmdk!, raw!]) await execa('qemu-img', ['compare', qcow2!, file]);
    const { stdout } = await execa('skopeo', ['inspect', `oci-archive:${oci}`]);
    // The installed system, web and web-ci.
    expect((JSON.parse(stdout) as { Layers: string[] }).Layers).to.have.length(3);
    const unpacked = join(directory, 'oci');
    await execa('skopeo', ['copy', `oci-archive:${oci}`, `oci:${unpacked}:web-ci`]);
    await execa('umoci', ['unpack', '--image', `${unpacked}:web-ci`, join(directory, 'bundle')]);
    const said = await execa(
      'chroot',
      [join(directory, 'bundle/rootfs'), 'sh', '-c', 'nginx -v; dpkg -s nginx-light'],
      {
        all: true,
      },
    );
    expect(said.all).to.match(/nginx version: [^]*Status: install ok installed/);
    // Without kernel, modules and boot loaders, a template of containers is little more than half of the system.
    const [whole, template] = [/^web-ci-[\d-]+\.tar\.gz$/, /^debian-13-x86_64-.*\.tar\.gz$/].map((pattern) =>
      made(pattern),
    );
    expect((await stat(template!)).size / (await stat(whole!)).size).to.be.at.most(0.6);
    const { stdout: names } = await execa('tar', ['--numeric-owner', '-tvzf', template!], { maxBuffer: 2 ** 28 });
    expect(names).to.match(/ 0\/0 .* (\.\/)?usr\/sbin\/nginx$/m);
    expect(names).not.to.match(/^[bc]|boot\/vmlinuz|usr\/lib\/modules\/./m);
  });

  for (const firmware of ['bios', 'uefi'] as const) {
    it(`answer as web servers, started by ${firmware}`, async () => {
      // Nothing to do, unless this test runs alone.
      const { all, exitCode } = await build(['web']);
      expect(exitCode).to.equal(0, all);
      await expectPage(made(/^web-\d.*\.qcow2$/), firmware);
    });
  }

  it('are the same for an ordinary user, who needs no root for any of it', async () => {
    const user = await normalUser();
    try {
      const home = join(user.home, 'work');
      await mkdir(home);
      await cp(image, join(home, 'debian-13.qcow2'));
      await cp(builder.python, join(home, 'dib'), { recursive: true, verbatimSymlinks: true });
      await fill(home, join(home, 'dib/diskimage_builder/elements'), 'debian-13.qcow2');
      await execa('chown', ['-R', `--reference=${user.home}`, home]);
      const [file = '', ...words] = [
        ...user.command,
        user.program,
        'web',
        '--config',
        join(home, 't.conf'),
        '-o',
        join(home, 'out'),
      ];
      const { all, exitCode } = await execa(file, words, { reject: false, all: true });
      expect(exitCode).to.equal(0, all);
      const theirs = made(/^web-\d.*\.manifest\.json$/, home);
      const ours = made(/^web-\d.*\.manifest\.json$/);
      const packages = async (manifest: string) =>
        (JSON.parse(await readFile(manifest, 'utf8')) as { packages: unknown }).packages;
      expect(await packages(theirs)).to.deep.equal(await packages(ours));
      await expectPage(made(/^web-\d.*\.qcow2$/, home), 'uefi');
    } finally {
      await user.remove();
    }
  });
});

/** Starts an image, and waits for its web server. */
async function expectPage(image: string, firmware: 'bios' | 'uefi'): Promise<void> {
  const port = await freePort();
  const machine = SerialConsole.boot(image, {
    ...{ format: 'qcow2', memory: 1024, firmware, forwards: { [port]: 80 } },
  });
  try {
    let page = '';
    for (const end = Date.now() + 30 * 60_000; page === '' && Date.now() < end; await sleep(1000)) {
      expect(machine.machine.exitCode, 'the machine runs').to.equal(null);
      page = await fetch(`http://127.0.0.1:${port}/`, { signal: new TimeLimit(60_000).signal }).then(
        (answer) => answer.text(),
        () => '',
      );
    }
    expect(page).to.equal('a derived page\n');
  } finally {
    await machine.powerOff();
  }
}
