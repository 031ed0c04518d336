import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { firstSettings } from './first-settings.js';

describe('firstSettings', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'settings-'))));
  afterEach(() => rmSync(root, { recursive: true }));

  /** Runs the script as in a tree whose root directory is the test's. */
  function apply(variables: Record<string, string>): void {
    const script = firstSettings({ variables }).replaceAll(/\/(?:etc|lib)\//g, (path) => `${root}${path}`);
    execFileSync('sh', ['-euc', `umask 077\n${script}`]);
  }

  it('leaves nothing of the machine that builds, neither content nor modes', () => {
    const options = join(root, 'etc/apt/apt.conf.d/99mmdebstrap');
    mkdirSync(dirname(options), { recursive: true });
    writeFileSync(options, 'Apt::Install-Recommends "false";\n');
    writeFileSync(join(root, 'etc/hostname'), 'builder\n', { mode: 0o755 });
    for (const name of ['resolv.conf', '.resolv.conf.systemd-resolved.bak']) {
      writeFileSync(join(root, 'etc', name), 'nameserver 192.0.2.53\n');
    }
    apply({ hostname: 'web', timezone: 'Etc/UTC' });
    expect(readFileSync(join(root, 'etc/hostname'), 'utf8')).to.equal('web\n');
    for (const name of ['hostname', 'hosts', 'timezone']) {
      expect(statSync(join(root, 'etc', name)).mode & 0o777, name).to.equal(0o644);
    }
    expect(existsSync(join(root, 'etc/resolv.conf'))).to.be.false;
    expect(existsSync(options), 'how apt was called').to.be.false;
    expect(existsSync(join(root, 'etc/.resolv.conf.systemd-resolved.bak'))).to.be.false;
  });
});
