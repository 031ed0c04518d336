import { expect } from 'chai';
import { Configuration } from './configuration.js';
import { straySections } from './stray-sections.js';

const shipped = [{ name: 'shipped.conf', text: '[debian-13]\nlinux = l\n' }];

function strays(text: string): string[] {
  return straySections(new Configuration([{ name: 'my.conf', text }], shipped));
}

describe('straySections', () => {
  it('are those that describe nothing and that nothing refers to', () => {
    expect(strays('[debian13]\nimage-size = 10G\n[other]\nx = 1\n')).to.deep.equal([
      "my.conf:1: [debian13] is neither an image nor a destination, and nothing refers to it (did you mean 'debian-13'?)",
      'my.conf:3: [other] is neither an image nor a destination, and nothing refers to it',
    ]);
  });

  it('are none of those that references, like or upload_destinations name', () => {
    const text = `[DEFAULT]
upload_destinations = empty, cloud
append = \${sizes:small}
[sizes]
small = 1G
[empty]
[cloud]
upload_type = rsync
[base]
ram = 2G
[web]
linux = l
like = base
[family mine]
ram = 1G
`;
    expect(strays(text)).to.deep.equal([]);
  });

  it('include those that are like a section that there is not', () => {
    expect(strays('[web]\nlike = debain-13\n')[0]).to.match(/^my\.conf:2: \[web\] like = debain-13: .*'debian-13'/);
  });
});
