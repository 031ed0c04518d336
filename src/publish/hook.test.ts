import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../host/failure.js';
import { testHost } from '../../test/support/host.js';
import { hookCommand, runHook } from './hook.js';

describe('runHook', () => {
  it('runs a command without a shell, in the directory and with the environment of the user', async () => {
    process.env['HOOK_TEST'] = 'inherited';
    const host = testHost();
    try {
      await runHook(host, ['sh', '-c', 'pwd; echo "$HOOK_TEST" "$1"; echo oops >&2', 'sh', '$HOME; *'], '/usr');
    } finally {
      delete process.env['HOOK_TEST'];
    }
    expect(host.log.lines).to.include.members(['info: /usr', 'info: inherited $HOME; *', 'info: oops']);
  });

  it('leaves the locale as the user has it', () => {
    expect(hookCommand(['notify', 'x'], '/srv')).to.deep.equal({ file: 'notify', args: ['x'], cwd: '/srv' });
  });

  it('logs each line at the moment it comes', async () => {
    const host = testHost();
    const directory = mkdtempSync(join(tmpdir(), 'hook-'));
    const seen: string[] = [];
    const info = (line: string) => {
      seen.push(line);
      if (line === 'first') writeFileSync(join(directory, 'seen'), '');
    };
    try {
      const script = 'echo first; until [ -e seen ]; do sleep 0.02; done; echo second';
      await runHook({ ...host, log: { ...host.log, info } }, ['sh', '-c', script], directory);
    } finally {
      rmSync(directory, { recursive: true });
    }
    expect(seen.slice(1)).to.deep.equal(['first', 'second']);
  });

  it('shows the last state of a progress display', async () => {
    const host = testHost();
    await runHook(host, ['printf', '10%%\\r50%%\\r100%%\\r\\n'], '/');
    expect(host.log.lines).to.include('info: 100%').and.not.include('info: 10%');
  });

  it('names command, exit code and last output when it fails', async () => {
    const error = await runHook(testHost(), ['sh', '-c', 'echo no space; exit 3'], '/').catch(
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(Failure);
    expect((error as Failure).message).to.equal(`sh -c 'echo no space; exit 3' failed with exit code 3:\nno space`);
  });

  it('says so when there is no such command', async () => {
    const error = await runHook(testHost(), ['/no/such/command'], '/').catch((thrown: unknown) => thrown);
    expect((error as Failure).message).to.equal('/no/such/command: command not found');
  });
});
