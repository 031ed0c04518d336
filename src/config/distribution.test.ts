import { expect } from 'chai';
import { distributionOf } from './distribution.js';

describe('distributionOf', () => {
  it('reads distribution and release off a section name', () => {
    const distributions: Record<string, string> = {
      'debian-12': 'Debian 12',
      'Debian-10-server-minimal': 'Debian 10',
      'debian-testing': 'Debian testing',
      'Ubuntu-20.04-LTS-server': 'Ubuntu 20.04',
      'centos-stream-9': 'CentOS Stream 9',
      'CentOS-7': 'CentOS 7',
      'rocky 9': 'Rocky Linux 9',
      'opensuse-leap-15.6': 'openSUSE Leap 15.6',
      opensuse_tumbleweed: 'openSUSE Tumbleweed',
      'fedora-server-40': 'Fedora',
    };
    for (const [section, title] of Object.entries(distributions))
      expect(distributionOf(section), section).to.equal(title);
  });

  it('does not make one up', () => {
    for (const section of ['', 'web-server', 'mydebian-12', '12-debian', 'constructor', '__proto__']) {
      expect(distributionOf(section), section).to.equal('unknown');
    }
  });
});
