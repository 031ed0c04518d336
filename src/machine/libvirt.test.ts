import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { Failure, Interrupted } from '../host/failure.js';
import { run } from '../host/host.js';
import { Libvirt, libvirtEnvironment, virshCommand } from './libvirt.js';
import { findProgram } from '../host/programs.js';
import { rejection, testHost } from '../../test/support/host.js';

describe('Libvirt', () => {
  const root = process.getuid?.() === 0;
  const runtime = process.env.XDG_RUNTIME_DIR ?? join(homedir(), '.cache');
  // libvirt's own driver for tests, in the real daemon: QEMU's asks QEMU for all it can do first, which may take a minute.
  const uri = `test+unix:///default${root ? '' : `?socket=${runtime}/libvirt/libvirt-sock`}`;
  const name = `image-factory-test-${process.pid}`;
  let directory: string;
  let xml: string;
  let disk: string;
  let client: ChildProcess | undefined;

  before(async function () {
    if (findProgram('virsh') === undefined) {
      console.log('      skipped: libvirt is not installed; run it with: make check');
      this.skip();
    }
    await new Libvirt(testHost(), root ? 'qemu:///system' : 'qemu:///session').ensureReachable();
    // The driver forgets its domains when nobody is connected to it.
    const { file, args, env } = virshCommand(uri);
    const connected = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
    client = connected;
    await once(connected.stdout, 'data');
    directory = mkdtempSync(join(tmpdir(), 'libvirt-'));
    xml = join(directory, 'domain.xml');
    disk = join(directory, 'disk of a test.raw');
    writeFileSync(
      xml,
      `<domain type='test'><name>${name}</name><memory unit='MiB'>16</memory><os><type>hvm</type></os>
      <devices><disk type='file'><source file='${disk}'/><target dev='vda'/></disk></devices></domain>`,
    );
  });
  after(() => {
    client?.stdin?.end();
    if (directory !== undefined) rmSync(directory, { recursive: true });
  });

  async function virsh(...args: string[]): Promise<void> {
    await run(testHost(), virshCommand(uri, ...args));
  }

  it('forgets a domain that is shut off', async () => {
    const libvirt = new Libvirt(testHost(), uri);
    await virsh('define', xml);
    expect(await libvirt.state(name)).to.deep.equal({ state: 'shut off', reason: 'unknown' });
    await libvirt.remove(name, disk);
    expect(await libvirt.state(name)).to.equal(undefined);
  });

  it('powers off one that runs, also after the build was told to stop', async () => {
    await virsh('define', xml);
    await virsh('start', name);
    expect(await new Libvirt(testHost(), uri).state(name)).to.deep.equal({ state: 'running', reason: 'booted' });
    const stopped = AbortSignal.abort(new Interrupted('SIGINT'));
    await new Libvirt(testHost(stopped), uri).remove(name, disk);
    expect(await new Libvirt(testHost(), uri).state(name)).to.equal(undefined);
  });

  it('powers off one that is nowhere defined', async () => {
    const libvirt = new Libvirt(testHost(), uri);
    await virsh('create', xml);
    await libvirt.remove(name, disk);
    expect(await libvirt.state(name)).to.equal(undefined);
  });

  it('is content with a domain that is not there', async () => {
    const libvirt = new Libvirt(testHost(), uri);
    await libvirt.remove(name, disk);
    expect(await libvirt.state(name)).to.equal(undefined);
  });

  it("leaves a domain of the same name with another disk alone: it is somebody else's", async () => {
    const libvirt = new Libvirt(testHost(), uri);
    await virsh('create', xml);
    await libvirt.remove(name, '/srv/disk.raw');
    expect(await libvirt.state(name)).to.have.property('state', 'running');
    await libvirt.remove(name, disk);
  });

  it('tells when a name that is wanted is taken, also by a domain that is shut off', async () => {
    const libvirt = new Libvirt(testHost(), uri);
    await libvirt.expectFree([name]);
    await virsh('define', xml);
    try {
      await libvirt.expectFree([`${name}.boot`]);
      const failure = (await rejection(libvirt.expectFree([`${name}.boot`, name]))) as Failure;
      expect(failure.message).to.contain(`there is already a virtual machine called ${name}`);
      expect(failure.hint).to.contain(`virsh -c ${uri} undefine --nvram ${name}`);
    } finally {
      await libvirt.remove(name, disk);
    }
  });

  it('forgets the pool of a directory, whatever number follows its name, and no other', async () => {
    const pools = { [basename(directory)]: '/srv/elsewhere', [`${basename(directory)}-1`]: directory };
    for (const [pool, target] of Object.entries(pools)) {
      await virsh('pool-define-as', pool, 'dir', '--target', target);
      await virsh('pool-start', pool);
    }
    const libvirt = new Libvirt(testHost(), uri);
    await libvirt.forgetPool(directory);
    await libvirt.forgetPool(directory);
    const { stdout } = await run(testHost(), virshCommand(uri, 'pool-list', '--all', '--name'));
    const left = stdout.split('\n').map((line) => line.trim());
    expect(left).to.include(basename(directory));
    expect(left).not.to.include(`${basename(directory)}-1`);
  });

  it('takes no libvirt that does not answer for one without the domain', async () => {
    const nowhere = new Libvirt(testHost(), `qemu+unix:///system?socket=${directory}/none`);
    expect(await rejection(nowhere.remove(name, disk))).to.be.instanceOf(Failure);
    expect(nowhere.removalByHand('web 1')).to.equal(
      `virsh -c '${nowhere.uri}' destroy 'web 1'; virsh -c '${nowhere.uri}' undefine --nvram 'web 1'`,
    );
  });

  it("tells in libvirt's own words why it does not answer, and what to do", async () => {
    const nowhere = `qemu+unix:///system?socket=${directory}/none`;
    const error = await rejection(new Libvirt(testHost(), nowhere).ensureReachable());
    expect(error).to.be.instanceOf(Failure);
    expect((error as Failure).message).to.contain(`libvirt does not answer at ${nowhere}: `);
    expect((error as Failure).message).to.contain('No such file or directory');
    expect((error as Failure).hint).to.contain('Install libvirt-daemon-system');
  });
});

describe('daemons of libvirt without a service manager', () => {
  /**
   * Runs a script in a mount namespace where a /run of its own makes the daemons its own: in it, `reach MILLISECONDS`
   * reaches them, and still has them after this time.
   */
  async function amongThemselves(script: string): Promise<void> {
    const reach = `import { Libvirt } from "${new URL('./libvirt.ts', import.meta.url).href}";
      import { testHost } from "${new URL('../../test/support/host.ts', import.meta.url).href}";
      const host = testHost();
      await new Libvirt(host, "qemu:///system").ensureReachable();
      await new Promise((resolve) => setTimeout(resolve, Number(process.argv[1])));
      process.kill(Number(readFileSync("/run/virtlogd.pid")), 0);
      await host.release.releaseAll(host.log);`;
    const prelude = `mount -t tmpfs tmpfs /run
      reach() { ${process.execPath} --import tsx --input-type=module -e 'import { readFileSync } from "node:fs"; ${reach}' "$1"; }
      end() { kill "$(cat /run/virtlogd.pid)" "$(cat /run/libvirtd.pid)"; }
      trap end EXIT`;
    const { exitCode, stderr } = await execa('unshare', ['--mount', 'sh', '-ec', `${prelude}\n${script}`], {
      reject: false,
    });
    expect(exitCode, stderr).to.equal(0);
  }

  before(function () {
    if (process.getuid?.() === 0 && !existsSync('/run/systemd/system')) return;
    console.log('      skipped: they are started by root where no service manager runs; in a container: make check');
    this.skip();
  });

  it('are both started', async () => amongThemselves('reach 0'));
  it('are started where only the other one runs', async () =>
    amongThemselves('libvirtd --daemon --timeout 30; reach 0'));
  it('stay as long as the build, however short their patience', async () =>
    amongThemselves('virtlogd --daemon --timeout 2; reach 4000'));
});

describe('libvirtEnvironment', () => {
  it('keeps XDG_RUNTIME_DIR only where it names a directory that can be used', () => {
    expect(libvirtEnvironment(tmpdir())).to.deep.equal({});
    const instead = { XDG_RUNTIME_DIR: '/home/me/.cache' };
    expect(libvirtEnvironment('/run/user/no-such-user', '/home/me/.cache')).to.deep.equal(instead);
  });

  it('is all that virsh gets beside its language and path', () => {
    const { file, args } = virshCommand('qemu:///session', 'domstate', 'a b');
    expect([file, ...args]).to.deep.equal(['virsh', '-c', 'qemu:///session', 'domstate', 'a b']);
  });
});
