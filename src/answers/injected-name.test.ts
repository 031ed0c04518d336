import { expect } from 'chai';
import { injectedName } from './injected-name.js';

describe('injectedName', () => {
  it('keeps the name of an answer file, which kernel arguments tell', () => {
    for (const name of [
      'preseed.cfg',
      'Fedora-27-server.cfg',
      'debian.preseed',
      'el.kickstart',
      'user_data.yaml',
      'x+1.json',
    ]) {
      expect(injectedName('preseed', `/etc/answers/${name}`)).to.equal(name);
      expect(injectedName('preseed', `${name}.hbs`)).to.equal(name);
    }
  });

  it('takes another where it would be two arguments, or a file that the initrd has', () => {
    for (const name of [
      'my preseed.cfg',
      'init',
      'init.hbs',
      'bin',
      'linuxrc.config',
      '.profile',
      '-x.cfg',
      'ü.cfg',
      'a"b.cfg',
      'answers',
      'a,b.ks',
    ]) {
      expect(injectedName('preseed', `/etc/answers/${name}`), name).to.equal('answers.preseed');
    }
    expect(injectedName('kickstart', 'init')).to.equal('answers.ks');
    expect(injectedName('yast', 'content')).to.equal('answers.xml');
  });
});
