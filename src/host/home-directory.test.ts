import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { changeEnvironment } from '../../test/support/host.js';
import { expectHome, homeDirectory } from './home-directory.js';

describe('homeDirectory', () => {
  it('is what HOME says', () => {
    const restore = changeEnvironment({ HOME: '/srv/ci' });
    expect([homeDirectory(), expectHome()]).to.deep.equal(['/srv/ci', '/srv/ci']);
    restore();
  });

  it('is unknown to a user id that nothing is known of', function () {
    if (process.getuid?.() !== 0) {
      console.log('      skipped: only root runs as another user; run it with: sudo npx mocha');
      this.skip();
    }
    const module = new URL('./home-directory.ts', import.meta.url).pathname;
    const script = `
      import { expectHome, homeDirectory } from ${JSON.stringify(module)};
      delete process.env.HOME;
      process.setgroups([]); process.setgid(54321); process.setuid(54321);
      console.log(homeDirectory());
      try { expectHome(); } catch (error) { console.log(error.message); }`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(stdout, stderr).to.equal('undefined\na name without ~: this user has no home directory (set HOME)\n');
  });
});
