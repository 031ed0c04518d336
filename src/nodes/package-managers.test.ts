import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { packageManagerOf } from './package-managers.js';

describe('the package manager of a tree', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'package-managers-'));
    mkdirSync(join(root, 'usr/bin'), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const managerOf = (...programs: string[]) => {
    for (const name of programs) writeFileSync(join(root, 'usr/bin', name), '');
    return packageManagerOf(root);
  };
  const installation = (...programs: string[]) =>
    managerOf(...programs).commands({ added: ['server'], leftOut: [] })[0]?.words ?? [];

  it('is dnf5 where dnf is another name of it', () => {
    expect(managerOf('dnf', 'dnf5').program).to.equal('/usr/bin/dnf5');
  });

  it('does not share what it downloads where its rules are not known', () => {
    expect(managerOf('yum').downloads).to.equal(undefined);
    expect(installation('yum')).to.deep.equal(['/usr/bin/yum', '-y', 'install', 'server']);
  });

  // dnf5 refreshes what lies in the directory that the words before tell.
  for (const program of ['dnf', 'dnf5']) {
    it(`refreshes the metadata in the directory that builds share, by ${program}`, () => {
      const words = installation(program);
      expect(words[0]).to.equal(`/usr/bin/${program}`);
      expect(words.indexOf('--setopt=cachedir=/run/image-factory/packages')).to.be.within(
        1,
        words.indexOf('--refresh'),
      );
    });
  }
});
