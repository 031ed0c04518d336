import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect } from 'chai';

/**
 * Expects that shellcheck finds nothing in scripts of templates; skips the test, loudly, where it is not installed. Values stand
 * in these scripts as they are, also where a dollar sign or a constant looks odd to it.
 *
 * @param further what else it is not to tell
 */
export function expectLikedByShellcheck(
  test: Mocha.Context,
  scripts: readonly string[],
  further: readonly string[] = [],
): void {
  if (!existsSync('/usr/bin/shellcheck')) {
    console.log('      skipped: shellcheck is not installed; run it with: make check');
    test.skip();
  }
  const exclude = `--exclude=${['SC2016', 'SC2116', ...further].join(',')}`;
  for (const input of scripts) {
    const { stdout } = spawnSync('shellcheck', ['--shell=sh', exclude, '-'], { input, encoding: 'utf8' });
    expect(stdout).to.equal('');
  }
}
