import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { changeEnvironment, rejection, testHost, withStandIn } from '../../test/support/host.js';
import { startDaemon } from './daemon.js';
import type { Failure } from './failure.js';

describe('startDaemon', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'daemon-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('gives the daemon nothing of the job: no variable, no open file, no session', async () => {
    const script = `#!/bin/sh
env > ${directory}/env
for fd in /proc/self/fd/*; do readlink "$fd"; done > ${directory}/files
ps -o sid= -p $$ > ${directory}/session
pwd > ${directory}/cwd
sleep 60 & echo $! > ${directory}/pid
`;
    const call = `
      import { startDaemon } from ${JSON.stringify(new URL('./daemon.ts', import.meta.url).href)};
      const caller = { log: { debug() {} }, signal: new AbortController().signal };
      await startDaemon(caller, 'virtlogd', ['--daemon'], []);`;
    await withStandIn({ directory, name: 'virtlogd', script }, () => {
      // A shell that holds a lock, as `flock 9` in a job does; it starts the program with that file open.
      const shell = `exec 9>${directory}/lock 12</etc/passwd; exec "$@"`;
      const restore = changeEnvironment({ BUILD_ID: '7', JENKINS_NODE_COOKIE: 'c', DEPLOY_TOKEN: 'secret' });
      const node = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', call];
      const { status, stderr } = spawnSync('bash', ['-c', shell, 'bash', ...node], {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
        encoding: 'utf8',
      });
      restore();
      expect(status, stderr).to.equal(0);
      return Promise.resolve();
    });
    process.kill(Number(readFileSync(join(directory, 'pid'), 'utf8')));
    const read = (name: string) => readFileSync(join(directory, name), 'utf8');
    const names = read('env')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('=')[0]);
    // What the shell of the stand-in sets itself stands there too, and what Node adds where coverage is measured.
    const added = ['PWD', 'OLDPWD', 'SHLVL', '_', 'NODE_V8_COVERAGE'];
    expect(names.filter((name) => !added.includes(name ?? ''))).to.have.members(['PATH', 'LC_ALL']);
    expect(read('files')).not.to.match(/lock|passwd/);
    expect(read('cwd')).to.equal('/\n');
    const ours = spawnSync('ps', ['-o', 'sid=', '-p', String(process.pid)], { encoding: 'utf8' }).stdout.trim();
    expect(read('session').trim()).not.to.equal(ours);
  });

  it('says what the daemon said when it did not start, and takes exit codes that are none', async () => {
    const script = '#!/bin/sh\necho "no such driver" >&2\nexit 3\n';
    await withStandIn({ directory, name: 'virtlogd', script }, async () => {
      const error = (await rejection(startDaemon(testHost(), 'virtlogd', ['-d'], [1]))) as Failure;
      expect(error.message).to.equal('virtlogd -d ended with 3\nno such driver');
      await startDaemon(testHost(), 'virtlogd', ['-d'], [3]);
    });
  });
});
