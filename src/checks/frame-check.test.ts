import { expect } from 'chai';
import { testHost } from '../../test/support/host.js';
import { Configuration } from '../config/configuration.js';
import { resolveImage } from '../config/resolve.js';
import { childOptions, frameCheck, groupOfChild } from './frame-check.js';

describe('the disk of a child', () => {
  async function found(lines: string, overrides = {}): Promise<string[]> {
    const text = `[DEFAULT]\nimage-size = 5G\n[base]\nlike = debian-13\nlayout = server\n[tree]\nparent = file:/usr\n[web]\n${lines}\n`;
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    const spec = resolveImage(configuration, 'web', overrides, '2026-11-26');
    const subject = { host: testHost(), configuration, spec, answerFile: undefined };
    const checks = [frameCheck, childOptions, groupOfChild];
    const findings = (await Promise.all(checks.map(async (check) => check(subject)))).flat();
    return findings.map(({ weight, message }) => `${weight}: ${message.replace(/ not read: .*/, '')}`);
  }

  it('is that of its installed ancestor, whatever it sets itself', async () => {
    expect(await found('parent = base\nlayout = hybrid\nkernel-arguments = quiet')).to.deep.equal([
      'warning: my.conf:10: [web] layout = hybrid:',
      'warning: my.conf:11: [web] kernel-arguments = quiet:',
    ]);
    expect(await found('parent = base', { 'image-size': '9G' })).to.deep.equal([
      'warning: command line: [web] image-size = 9G:',
    ]);
    expect(await found('parent = base')).to.deep.equal([]);
  });

  it('is made by its layout where no ancestor has one', async () => {
    expect(await found('parent = tree\nlayout = hybrid\nimage-size = 6G')).to.deep.equal([]);
  });

  it('has the changes of its section, and no other image has', async () => {
    expect(await found('like = debian-13\nrun = setup.sh')).to.deep.equal([
      "error: my.conf:10: [web] run = setup.sh: only an image with a 'parent' is changed so; make a section with 'parent = web' for it",
    ]);
    expect(await found('like = trixie\ngroup = base\nlayout = hybrid\nfiles = /usr')).to.deep.equal([
      "error: my.conf:12: [web] files = /usr: only an image with a 'parent' is changed so; make a section with 'parent = web' for it",
    ]);
    expect(await found('parent = tree\nrun = setup.sh')).to.deep.equal([]);
    expect(await found('like = debian-13\nrun =')).to.deep.equal([]);
  });

  it('has no group of packages, which only an image without a parent begins with', async () => {
    expect(await found('parent = tree\ngroup = server')).to.deep.equal([
      "error: my.conf:10: [web] group = server: a derived image has the packages of its parent: name further ones in 'packages', or give the group to the parent",
    ]);
    expect(await found('like = trixie\ngroup = server\nlayout = hybrid')).to.deep.equal([]);
  });
});
