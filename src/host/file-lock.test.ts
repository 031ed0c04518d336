import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { claimLock, waitForLock, withFileLock } from './file-lock.js';
import { Failure, Interrupted } from './failure.js';
import { testHost } from '../../test/support/host.js';

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
  async function holder(): Promise<ChildProcess & { pid: number }> {
    const script = `
      import { waitForLock } from ${JSON.stringify(new URL('./file-lock.ts', import.meta.url).href)};
      import { testHost } from ${JSON.stringify(new URL('../../test/support/host.ts', import.meta.url).href)};
      await waitForLock(testHost(), ${JSON.stringify(path)}, 'the cache file linux');
      console.log('taken');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
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
    const waiting = waitForLock(host, path, 'the cache file linux');
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
    const waiting = rejection(waitForLock(host, path, 'the cache file linux'));
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
