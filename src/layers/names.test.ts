import { expect } from 'chai';
import { problemsOf } from '../../test/support/host.js';
import { instanceName, layerName, pointName } from './names.js';

describe('names of layers and stackpoints', () => {
  for (const name of ['foundation-libs0.1', 'debian-13@xen', '2026_11', 'x'.repeat(128), 'a+b~1=c']) {
    it(`may be ${name.slice(0, 20)}`, () => expect(layerName(name)).to.equal(name));
  }

  const hostile = [
    '',
    '.',
    '..',
    '../evil',
    '/etc',
    '-rf',
    '.hidden',
    'a b',
    'a:b',
    'a,b',
    'a\\b',
    'a\nb',
    'ä',
    'a\0b',
    'x'.repeat(129),
  ];
  for (const name of hostile) {
    it(`may not be ${JSON.stringify(name.slice(0, 20))}`, () => {
      expect(problemsOf(() => layerName(name))).to.have.length(1);
      expect(problemsOf(() => pointName(name))[0]).not.to.contain('\n');
    });
  }

  it('are followed by a number for an instance', () => {
    expect(instanceName('web.2.13')).to.deep.equal({ point: 'web.2', number: 13 });
    for (const wrong of ['web', 'web.', 'web.0', 'web.01', '.1', '../x.1', 'web.1 ', 'web.9999999999']) {
      expect(
        problemsOf(() => instanceName(wrong)),
        wrong,
      ).to.have.length(1);
    }
  });
});
