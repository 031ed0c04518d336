import { expect } from 'chai';
import { namesPath, patternsBelow, patternsBelowRoot, stepDown } from './path-patterns.js';

describe('patterns of paths', () => {
  const cases: readonly [pattern: string, path: string, named: boolean][] = [
    ['/etc/machine-id', '/etc/machine-id', true],
    ['/etc/machine-id', '/etc/machine-id/x', false],
    ['/etc/machine-id', '/srv/etc/machine-id', false],
    ['/etc/ssh/ssh_host_*_key', '/etc/ssh/ssh_host_rsa_key', true],
    ['/etc/ssh/ssh_host_*_key', '/etc/ssh/ssh_host_rsa_key.pub', false],
    ['/home/*/.ssh', '/home/a/.ssh', true],
    ['/home/*/.ssh', '/home/a/b/.ssh', false],
    ['/etc/*.d/x+y[1]', '/etc/a.d/x+y[1]', true],
    ['/etc/*.d/x+y[1]', '/etc/a.d/xxy1', false],
    ['/etc/a.b', '/etc/axb', false],
    ['/var/log/**', '/var/log/a', true],
    ['/var/log/**', '/var/log/a/b\nc', true],
    ['/var/log/**', '/var/log', false],
    ['/var/log/**', '/var/logs/a', false],
    ['/home/*/.cache/**', '/home/a/.cache/b/c', true],
    ['/tmp/*', '/tmp/a\nb', true],
  ];

  for (const [pattern, path, named] of cases) {
    it(`${pattern} ${named ? 'names' : 'does not name'} ${JSON.stringify(path)}`, () => {
      expect(namesPath(['/else', pattern], path)).to.equal(named);
      // And name by name, as a directory is listed.
      const names = path.split('/').slice(1);
      let left = patternsBelowRoot([pattern]);
      for (const name of names.slice(0, -1)) left = stepDown(left, name).below;
      expect(stepDown(left, names.at(-1) ?? '').named).to.equal(named);
    });
  }

  it('leave below a directory what names something in it', () => {
    const left = patternsBelow(['/etc/a/b', '/var/c'], '/etc/a');
    expect(stepDown(left, 'b')).to.deep.equal({ named: true, below: [] });
    expect(patternsBelow(['/etc/a/b'], '/var')).to.deep.equal([]);
  });
});
