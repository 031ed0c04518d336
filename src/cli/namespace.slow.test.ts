import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { needNamespaces } from '../../test/support/namespaces.js';
import { normalUser } from '../../test/support/normal-user.js';

describe('a command that is run again in a user namespace', () => {
  before(needNamespaces);

  it('has the home directory of the user, not that of root, also where HOME is not set', async function () {
    if (process.getuid?.() !== 0) return this.skip();
    const user = await normalUser();
    try {
      const [file = '', ...words] = [...user.command, 'sh', '-euc'];
      const script = [
        'unset HOME; cd /; "$0" layer new app --store-dir "$1/store"',
        '"$0" layer edit app --store-dir "$1/store" -- sh -c \'echo "home: $HOME"\'',
      ].join('\n');
      const told = execFileSync(file, [...words, `{ ${script}; } 2>&1`, user.program, user.home], { encoding: 'utf8' });
      expect(told).to.contain(`home: ${user.home}\n`).and.not.to.contain('/root');
    } finally {
      await user.remove();
    }
  });
});
