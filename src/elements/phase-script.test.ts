import { expect } from 'chai';
import { execa } from 'execa';
import * as scripts from './phase-script.js';

describe('the scripts that run phases', () => {
  it('are sound for shellcheck', async () => {
    for (const [name, input] of Object.entries(scripts)) {
      // What is sourced is diskimage-builder's, and its variables are those of the environment.
      const { stdout } = await execa('shellcheck', ['--exclude=SC1091,SC2154', '-'], { input, reject: false });
      expect(stdout, name).to.equal('');
    }
  });
});
