import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeDisk, program } from '../../../test/support/disk.js';
import { rejection } from '../../../test/support/host.js';
import { plant } from '../../../test/support/planted-system.js';
import { testStageHost } from '../../../test/support/stage.js';
import { Failure } from '../../host/failure.js';
import type { BuildState } from '../build.js';
import { check } from './check.js';
import { clean } from './clean.js';
import { zerofree } from './zerofree.js';

describe('the stages clean and check', function () {
  this.timeout(5 * 60_000);

  let directory: string;
  let disk: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'check stage-'));
    disk = join(directory, 'disk.raw');
    const content = join(directory, 'content');
    mkdirSync(content);
    plant(content, {
      '/etc/os-release': 'ID=debian\n',
      '/usr/bin/true': 'x',
      '/etc/machine-id': 'f00\n',
      '/etc/hosts': '10.0.2.15 build\n',
      '/root/.bash_history': 'a command with a password\n'.repeat(300),
    });
    makeDisk(disk, 'dos', [{ type: 'L', size: 24, fileSystem: 'ext4', content }]);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Runs both with zerofree between them, as a build does. */
  async function built(golden: 'fix' | 'warn' | 'error', except: readonly string[] = []) {
    const host = testStageHost<BuildState>();
    const repairs = golden === 'fix' ? { except } : undefined;
    const state = await clean.run(
      host,
      { disk, printsLogs: false, hasOnlyLocked: false, rootPartition: undefined, repairs, removableLoader: undefined },
      {},
    );
    await zerofree.run(host, { disk }, state);
    const run = () => check.run(host, { disk, fails: golden === 'error', except }, state);
    return { run, lines: host.log.lines };
  }

  it('repair what can be repaired, so that nothing of it is left on the disk, and warn of the rest', async () => {
    const { run, lines } = await built('fix');
    const { golden } = await run();
    expect(golden.findings.map(({ rule }) => rule)).to.deep.equal(['hosts']);
    expect(lines).to.include('finding: machine-id /etc/machine-id repaired');
    expect(lines).to.include('finding: hosts /etc/hosts');
    expect(lines.join('\n')).to.contain("info: Repaired machine-id: systemd's machine id\n  /etc/machine-id");
    expect(lines).to.include('warn: The image is not golden: 1 warning');
    expect(() => program('grep', ['--text', 'a command with a password', disk])).to.throw();
  });

  it('only warn, where that is asked for', async () => {
    const { run, lines } = await built('warn');
    const { golden } = await run();
    expect(golden.findings.map(({ rule }) => rule)).to.deep.equal(['machine-id', 'shell-history', 'hosts']);
    expect(lines).to.include('warn: The image is not golden: 2 errors, 1 warning');
    expect(lines.filter((line) => line.includes('epaired'))).to.deep.equal([]);
  });

  it('end the build, where that is asked for', async () => {
    const { run } = await built('error');
    const failure = (await rejection(run())) as Failure;
    expect(failure).to.be.instanceOf(Failure);
    expect(failure.message).to.equal('the image is not golden: 2 errors, 1 warning; the log names them');
    expect(failure.hint).to.contain('golden = fix').and.contain('golden-except');
  });

  it('say of what does not count nothing, and repair nothing of it', async () => {
    const { run, lines } = await built('fix', ['machine-id', 'hosts']);
    expect((await run()).golden).to.deep.include({ except: ['machine-id', 'hosts'], findings: [] });
    expect(lines.filter((line) => line.includes('machine-id'))).to.deep.equal([]);
    expect(lines.join('\n')).to.contain('info: The image is golden');
  });
});
