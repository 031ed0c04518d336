import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { rejection, testHost } from '../../test/support/host.js';
import { Interrupted } from '../host/failure.js';
import { lendPackages, type Downloads } from './package-cache.js';

describe('packages that are lent to a tree', () => {
  let shared: string;
  let done: string[];
  beforeEach(() => {
    shared = mkdtempSync(join(tmpdir(), 'package-cache-'));
    done = [];
  });
  afterEach(() => rmSync(shared, { recursive: true }));

  const downloads: Downloads = {
    lend: (_host, { directory }) => {
      writeFileSync(join(directory, 'lent'), '');
      return Promise.resolve(() => Promise.resolve(void done.push(`kept ${readdirSync(directory).join(' ')}`)));
    },
    forget: () => Promise.resolve(void done.push('forgot')),
  };
  /** It takes a part of a file. */
  const fullDisk: Downloads = {
    ...downloads,
    lend: (_host, { directory }) =>
      Promise.resolve(() => {
        writeFileSync(join(directory, 'half'), 'ha');
        const error = { code: 'ENOSPC', errno: -constants.errno.ENOSPC, syscall: 'write' };
        return Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), error));
      }),
  };
  const loans = () => readdirSync(join(shared, 'lent'));
  const lend = (action: (directory: string) => Promise<unknown>) =>
    lendPackages(testHost(), downloads, { shared, root: '/' }, action);

  it('are kept with what came to them, and their directory goes', async () => {
    await lend((directory) => Promise.resolve(writeFileSync(join(directory, 'downloaded'), '')));
    expect(done).to.deep.equal(['kept downloaded lent']);
    expect(loans()).to.deep.equal([]);
  });

  it('are not kept by a build that fails, which forgets what may be the reason', async () => {
    const failure = new Error('no such package');
    expect(await rejection(lend(() => Promise.reject(failure)))).to.equal(failure);
    expect(done).to.deep.equal(['forgot']);
    expect(loans()).to.deep.equal([]);
  });

  it('are told not to be kept where the disk is full, and the build goes on', async () => {
    const host = testHost();
    const made = await lendPackages(host, fullDisk, { shared, root: '/' }, () => Promise.resolve('made'));
    expect(made).to.equal('made');
    expect(host.log.lines.filter((line) => line.startsWith('warn'))).to.deep.equal([
      `warn: What was downloaded is not kept in ${shared} for other builds: no space left on device`,
    ]);
    expect(readdirSync(shared)).to.deep.equal(['lent']);
    expect(loans()).to.deep.equal([]);
  });

  it('do not hide that the build was stopped while they were kept', async () => {
    const stop = new AbortController();
    const stopped = lendPackages(testHost(stop.signal), fullDisk, { shared, root: '/' }, () =>
      Promise.resolve(stop.abort(new Interrupted('SIGTERM'))),
    );
    expect(await rejection(stopped)).to.be.instanceOf(Interrupted);
    expect(loans()).to.deep.equal([]);
  });

  it('go with the next loan if their build was killed, and not while it runs', async () => {
    const [killed, running] = ['loan-killed', 'loan-running'].map((name) => join(shared, 'lent', name));
    for (const path of [killed, running]) mkdirSync(path ?? '', { recursive: true });
    const holder = spawn('flock', [running ?? '', 'sh', '-c', 'echo held; read end'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    await lend((directory) =>
      lend((other) => Promise.resolve(expect(existsSync(directory) && other !== directory).to.be.true)),
    );
    expect(loans()).to.deep.equal(['loan-running']);
    holder.stdin.end('\n');
    await once(holder, 'close');
    await lend(() => Promise.resolve());
    expect(loans()).to.deep.equal([]);
  });
});
