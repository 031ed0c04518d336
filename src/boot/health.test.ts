import { expect } from 'chai';
import { rejection } from '../../test/support/host.js';
import { Failure } from '../host/failure.js';
import { ExecRefused, type GuestResult } from './guest-commands.js';
import { failedUnits, health } from './health.js';

/** A guest whose programs say this, by the words of their command lines; the real one is asked by the end-to-end tests. */
function guest(says: Readonly<Record<string, string | Error | undefined>>) {
  return {
    run(path: string, args: readonly string[]): Promise<GuestResult | undefined> {
      const line = [path, ...args].join(' ');
      const said = Object.entries(says).find(([words]) => line.includes(words))?.[1];
      if (said instanceof Error) return Promise.reject(said);
      return Promise.resolve(said === undefined ? undefined : { exitCode: said === 'running\n' ? 0 : 1, stdout: said });
    },
  };
}

const failed =
  '● nginx.service loaded failed failed A high performance web server\nx.mount loaded failed failed /srv/x\n';

describe('the health of a system', () => {
  it('is good when systemd says that it runs, and not known while it comes up', async () => {
    expect(await health(guest({ 'is-system-running': 'running\n' }))).to.equal('running');
    for (const state of ['initializing', 'starting']) {
      expect(await health(guest({ 'is-system-running': `${state}\n` }))).to.equal(undefined);
    }
  });

  it('is bad with a unit that failed: each is named, with the last that it said', async () => {
    const failure = await rejection(
      health(
        guest({
          'is-system-running': 'degraded\n',
          '--failed': failed,
          '-u nginx.service': 'bind() to 0.0.0.0:80 failed\n',
          '-u x.mount': '',
        }),
      ),
    );
    expect(failure).to.be.instanceOf(Failure);
    expect((failure as Failure).message).to.equal(
      [
        "the image boots, but is not healthy: systemctl is-system-running says 'degraded'; units that failed:",
        '  | nginx.service (A high performance web server)',
        '  |   bind() to 0.0.0.0:80 failed',
        '  | x.mount (/srv/x)',
      ].join('\n'),
    );
  });

  it('is bad in every other state, whether units failed or not', async () => {
    const failure = await rejection(health(guest({ 'is-system-running': 'maintenance\n', '--failed': '' })));
    expect((failure as Failure).message).to.match(/says 'maintenance'; no unit failed$/);
  });

  it('can not be told without systemd', async () => {
    expect(((await rejection(health(guest({})))) as Failure).message).to.match(/there is no systemctl in the image/);
  });

  it('is not asked for where the agent may run nothing: the failure says how it may', async () => {
    const failure = await rejection(health(guest({ systemctl: new ExecRefused() })));
    expect((failure as Failure).hint).to.match(/qemu-ga/);
    expect(await failedUnits(guest({ systemctl: new ExecRefused() }))).to.equal(undefined);
  });
});
