import { expect } from 'chai';
import { execa } from 'execa';
import { splitWords } from './words.js';

describe('splitWords', () => {
  it('splits at blanks and keeps what is quoted together', () => {
    expect(splitWords(`rsync -e "ssh -p 22" 'a b' c\\ d`)).to.deep.equal(['rsync', '-e', 'ssh -p 22', 'a b', 'c d']);
    expect(splitWords('  ')).to.deep.equal([]);
  });

  it('expands nothing', () => {
    expect(splitWords('echo $HOME ~ *.qcow2 `id` # no | ; comment')).to.deep.equal(
      'echo $HOME ~ *.qcow2 `id` # no | ; comment'.split(' '),
    );
  });

  it('splits as a shell does', async () => {
    const texts = [
      `a 'b c' "d e" f\\ g`,
      `'' "" x''y ''`,
      `'\\\\'"x" '\\n' "\\n"`,
      `"\\$HOME" "\\\`" "\\"" "\\\\" "\\a"`,
      `a\\\nb "c\\\nd" 'e\\\nf'`,
      `--x='1 2'"3 4"5\\ 6 \\' \\"`,
      `tab\there`,
      `"it's" 'say "x"'`,
      `ä 'ö ü' \\é`,
    ];
    for (const text of texts) {
      const { stdout } = await execa('sh', ['-c', `for word in ${text}; do printf '%s\\0' "$word"; done`]);
      expect(splitWords(text), text).to.deep.equal(stdout.split('\0').slice(0, -1));
    }
  });

  it('says which text has an open quote', () => {
    expect(() => splitWords(`echo 'a b`)).to.throw(`a single quote (') is not closed in: echo 'a b`);
    expect(() => splitWords(`echo "a\\"`)).to.throw('a double quote (") is not closed');
    expect(() => splitWords('echo a\\')).to.throw('nothing follows the last backslash');
  });
});
