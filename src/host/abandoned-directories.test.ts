import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { testHost } from '../../test/support/host.js';
import { claimDirectory } from './abandoned-directories.js';

describe('a directory that a process claims', () => {
  let above: string;
  beforeEach(() => (above = mkdtempSync(join(tmpdir(), 'claimed-'))));
  afterEach(() => rmSync(above, { recursive: true }));

  const claim = () => ({ start: join(above, '.repository-'), what: 'a directory of a test' });

  it('is gone when it is given back', async () => {
    const host = testHost();
    const { path } = await claimDirectory(host, claim());
    writeFileSync(join(path, 'file'), '');
    await host.release.releaseAll(host.log);
    expect(readdirSync(above)).to.deep.equal([]);
  });

  it('is removed by the next one that has its purpose, once its process was killed, and not before', async () => {
    const left = join(above, '.repository-killed');
    const other = join(above, '.fetch-killed');
    for (const path of [left, other]) mkdirSync(path);
    const holder = spawn('flock', [left, 'sh', '-c', 'echo held; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    const host = testHost();
    const first = await claimDirectory(host, claim());
    expect(existsSync(left)).to.be.true;
    // Its child has the lock as well.
    execFileSync('pkill', ['-KILL', '--parent', String(holder.pid)]);
    holder.kill('SIGKILL');
    await once(holder, 'close');
    await claimDirectory(host, {
      ...claim(),
      beforeRemoval: (path) => Promise.resolve(writeFileSync(`${path}.told`, '')),
    });
    expect(existsSync(left)).to.be.false;
    expect(existsSync(`${left}.told`)).to.be.true;
    expect(existsSync(other)).to.be.true;
    expect(existsSync(first.path)).to.be.true;
    await host.release.releaseAll(host.log);
  });
});
