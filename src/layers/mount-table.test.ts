import { expect } from 'chai';
import { parseMounts } from './mount-table.js';

describe('mount tables', () => {
  it('are read with names that hold blanks, line breaks, backslashes and more than ASCII', () => {
    const [mount] = parseMounts(
      String.raw`44 27 0:39 / /srv/with\040blank\012and\134ö rw - overlay image-factory:1-2/instance/web.1 rw,lowerdir=1`,
    );
    expect(mount).to.deep.equal({
      mountPoint: '/srv/with blank\nand\\ö',
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
    expect(parseMounts(text)).to.deep.equal([{ mountPoint: '/run/live', type: 'overlay', source: '/cow' }]);
  });
});
