import { expect } from 'chai';
import { didYouMean, nearestWord } from './suggestion.js';

const known = ['image-size', 'ram', 'cores', 'Ubuntu-20.04-LTS-server'];

describe('nearestWord', () => {
  it('is the known word of which a few letters differ', () => {
    expect(nearestWord('imagesize', known)).to.equal('image-size');
    expect(nearestWord('rm', known)).to.equal('ram');
  });

  it('takes two letters in the wrong order for one slip', () => {
    expect(nearestWord('biuld', ['build'])).to.equal('build');
    expect(nearestWord('shwo', ['show'])).to.equal('show');
    expect(nearestWord('idlub', ['build'])).to.equal(undefined);
  });

  it('gives the word as it is known, whatever the case it was asked in', () => {
    expect(nearestWord('ubuntu-20.04-lts-SERVER', known)).to.equal('Ubuntu-20.04-LTS-server');
  });

  it('finds none where most letters would have to change', () => {
    expect(nearestWord('kernel', known)).to.equal(undefined);
    expect(nearestWord('rooms', known)).to.equal(undefined);
    expect(nearestWord('ram', [])).to.equal(undefined);
  });
});

describe('didYouMean', () => {
  it('is the end of a message, or nothing', () => {
    expect(`unknown option 'core'${didYouMean('core', known)}`).to.equal(
      "unknown option 'core' (did you mean 'cores'?)",
    );
    expect(didYouMean('kernel', new Set(known))).to.equal('');
  });
});
