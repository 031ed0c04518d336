import { expect } from 'chai';
import { mountOf, parseMounts } from './mounts.js';

describe('mount tables', () => {
  it('are read with names that hold blanks, line breaks, backslashes and more than ASCII', () => {
    const [mount] = parseMounts(
      String.raw`44 27 0:39 / /srv/with\040blank\012and\134ö rw - overlay image-factory:1-2/instance/web.1 rw,lowerdir=1`,
    );
    expect(mount).to.deep.equal({
      id: '44',
      mountPoint: '/srv/with blank\nand\\ö',
      options: ['rw'],
      type: 'overlay',
      source: 'image-factory:1-2/instance/web.1',
    });
  });

  it("are read beside other programs' overlays, optional fields, and lines that make no sense", () => {
    const text = [
      '30 1 0:30 / /run/live rw shared:1 master:2 - overlay /cow ro,lowerdir=/a:/b',
      'nonsense',
      '31 1 0:31 / /mnt rw - overlay',
      '',
    ].join('\n');
    expect(parseMounts(text)).to.deep.equal([
      { id: '30', mountPoint: '/run/live', options: ['rw'], type: 'overlay', source: '/cow' },
    ]);
  });

  it('tell the mount that a file lies in', () => {
    expect(mountOf('/proc/version')).to.deep.include({ mountPoint: '/proc', type: 'proc' });
    expect(mountOf('/')?.mountPoint).to.equal('/');
  });
});
