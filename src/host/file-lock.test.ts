import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { claimLock, tryLock, waitForLock, withFileLock } from './file-lock.js';
import { Failure, Interrupted } from './failure.js';
import { testHost } from '../../test/support/host.js';

/** A wait is told at once. */
const impatient = { patience: 0 };

describe('file lock', () => {
  let directory: string;
  let path: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'file-lock-'));
    path = join(directory, '.linux.lock');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(directory, { recursive: true });
  });

  /** Another process that holds the lock until it is killed. */
  async function holder(...launcher: string[]): Promise<ChildProcess & { pid: number }> {
    const script = `
      import { waitForLock } from ${JSON.stringify(new URL('./file-lock.ts', import.meta.url).href)};
      import { testHost } from ${JSON.stringify(new URL('../../test/support/host.ts', import.meta.url).href)};
      await waitForLock({ ...testHost(), doing: process.env.DOING }, ${JSON.stringify(path)}, 'the cache file linux');
      console.log('taken');
      setInterval(() => {}, 1000);`;
    const [file = '', ...words] = [...launcher, process.execPath, '--import', 'tsx', '--input-type=module'];
    const child = spawn(file, [...words, '--eval', script], {
      stdio: ['ignore', 'pipe', launcher.length > 0 ? 'ignore' : 'inherit'],
    });
    children.push(child);
    await once(child.stdout, 'data');
    return Object.assign(child, { pid: Number(child.pid) });
  }

  it('lets one at a time in, and leaves no file behind', async () => {
    const host = testHost();
    let inside = 0;
    let most = 0;
    const visit = () =>
      withFileLock(host, path, 'the cache file linux', async () => {
        most = Math.max(most, ++inside);
        await sleep(5);
        inside--;
      });
    await Promise.all(Array.from({ length: 8 }, visit));
    expect(most).to.equal(1);
    expect(await readdir(directory)).to.be.empty;
  });

  it('gives the lock back when the action fails', async () => {
    const host = testHost();
    const failing = withFileLock(host, path, 'the cache file linux', () => Promise.reject(new Error('no mirror')));
    expect(await rejection(failing)).to.have.property('message', 'no mirror');
    await (
      await claimLock(host, path, 'the cache file linux')
    )();
  });

  it('is given back by the release stack', async () => {
    const host = testHost();
    await claimLock(host, path, 'image demo');
    expect(await readFile(path, 'utf8')).to.equal(`${process.pid}\n`);
    await host.release.releaseAll(host.log);
    expect(existsSync(path)).to.be.false;
  });

  it('names the process that holds a claimed lock', async () => {
    const { pid } = await holder();
    const error = await rejection(claimLock(testHost(), path, 'image demo'));
    expect(error).to.be.instanceOf(Failure).with.property('message', `image demo is in use by process ${pid}`);
  });

  it('says once whom it waits for, and goes on when that process was killed', async () => {
    const other = await holder();
    const host = testHost();
    const waiting = waitForLock(host, path, 'the cache file linux', impatient);
    await lineOf(host.log.lines, /^info/);
    await sleep(100);
    expect(existsSync(path)).to.be.true;
    other.kill('SIGKILL');
    const giveBack = await waiting;
    expect(host.log.lines.filter((line) => line.startsWith('info'))).to.deep.equal([
      `info: Waiting for process ${other.pid}, which is using the cache file linux`,
    ]);
    expect(await readFile(path, 'utf8')).to.equal(`${process.pid}\n`);
    await giveBack();
  });

  it('says nothing of a wait that ends soon', async () => {
    const other = await holder();
    const host = testHost();
    const waiting = waitForLock(host, path, 'the cache file linux', { patience: 3600 });
    await lineOf(host.log.lines, /^debug: Calling flock/);
    other.kill('SIGKILL');
    await (
      await waiting
    )();
    expect(host.log.lines.filter((line) => !line.startsWith('debug'))).to.be.empty;
  });

  it('names what a process does that has another id in its own namespace', async function () {
    if (process.getuid?.() !== 0) this.skip();
    await holder('env', 'DOING=the build of web', 'unshare', '--pid', '--fork', '--kill-child');
    const host = testHost();
    const waiting = waitForLock(host, path, 'the store', impatient);
    await lineOf(host.log.lines, /^info/);
    const told = host.log.lines.find((line) => line.startsWith('info')) ?? '';
    const [, pid = ''] =
      /^info: Waiting for the build of web \(process (\d+)\), which is using the store$/.exec(told) ?? [];
    process.kill(Number(pid), 'SIGKILL');
    await (
      await waiting
    )();
  });

  it('hands a file that stays to the next one, who need not call flock again', async () => {
    const host = testHost();
    const keeping = { keepsFile: true };
    const giveBack = await waitForLock(host, path, 'the store', keeping);
    const next = waitForLock(host, path, 'the store', keeping);
    while (host.log.lines.filter((line) => line.includes('flock')).length < 2) await sleep(5);
    await giveBack();
    await (
      await next
    )();
    expect(host.log.lines.filter((line) => line.includes('flock'))).to.have.length(2);
    expect(await readFile(path, 'utf8')).to.equal('');
  });

  it('is not tried for long if another process holds it', async () => {
    const host = testHost();
    const giveBack = await tryLock(host, path, 'the node');
    expect(await tryLock(host, path, 'the node')).to.equal(undefined);
    await giveBack?.();
    await (
      await tryLock(host, path, 'the node')
    )?.();
    expect(existsSync(path)).to.be.false;
  });

  it('takes over the file of a process that is gone', async () => {
    await writeFile(path, '123456789\n');
    const host = testHost();
    await (
      await claimLock(host, path, 'image demo')
    )();
    expect(existsSync(path)).to.be.false;
  });

  it('stops waiting when the build is told to stop', async () => {
    await holder();
    const abort = new AbortController();
    const host = testHost(abort.signal);
    const waiting = rejection(waitForLock(host, path, 'the cache file linux', impatient));
    await lineOf(host.log.lines, /^info/);
    abort.abort(new Interrupted('SIGINT'));
    expect(await waiting).to.equal(abort.signal.reason);
  });

  it('tells why a lock file cannot be made', async () => {
    const error = await rejection(claimLock(testHost(), join(directory, 'missing/.lock'), 'image demo'));
    expect(error)
      .to.be.instanceOf(Failure)
      .with.property('message')
      .that.matches(/^can't lock image demo: no such file or directory/);
  });
});

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('should have failed'),
    (error: unknown) => error,
  );
}

async function lineOf(lines: readonly string[], pattern: RegExp): Promise<void> {
  while (!lines.some((line) => pattern.test(line))) await sleep(5);
}
