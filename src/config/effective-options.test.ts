import { expect } from 'chai';
import { Configuration } from './configuration.js';
import { effectiveOptions } from './effective-options.js';

const shipped = `[DEFAULT]
mirror-host = deb.example.org
debian_mirror = http://\${mirror-host}/debian
rocky-mirror = http://rocky.example.org
suite = none
[debian-13]
linux = \${debian_mirror}/linux
ram = 1G
suite = trixie
`;
const user = `[DEFAULT]
mirror-host = local
[web]
like = debian-13
packages = nginx
user = \${nosuch}
my-own = 1
[cloud]
upload_type = rsync
`;

describe('effectiveOptions', () => {
  const configuration = new Configuration([{ name: 'my.conf', text: user }], [{ name: 'shipped.conf', text: shipped }]);
  const of = (section: string, mentioned: readonly string[] = []) =>
    new Map(
      effectiveOptions(configuration, section, { cores: '4' }, new Set(mentioned)).map(({ name, ...rest }) => [
        name,
        rest,
      ]),
    );

  it('has each option with its value and where it comes from', () => {
    const web = of('web');
    expect(web.get('linux')).to.deep.equal({
      value: 'http://local/debian/linux',
      origin: { from: 'file', file: 'shipped.conf', line: 7, like: 'debian-13' },
    });
    expect(web.get('packages')).to.deep.equal({ value: 'nginx', origin: { from: 'file', file: 'my.conf', line: 5 } });
    expect(web.get('cores')).to.deep.equal({ value: '4', origin: { from: 'command line' } });
    expect(web.get('timeout')).to.deep.equal({ value: '2h', origin: { from: 'default' } });
    expect(web.get('vnc')).to.deep.equal({ value: undefined, origin: { from: 'not set' }, without: 'no graphics' });
    expect(web.get('user')?.problem).to.match(/^my.conf:6: /);
  });

  it("has the section's variables, and of [DEFAULT] those that are used", () => {
    const web = of('web');
    expect([...web.keys()]).to.include.members(['my-own', 'suite', 'debian_mirror', 'mirror-host']);
    expect(web.has('rocky-mirror')).to.be.false;
    expect(of('web', ['rocky-mirror']).has('rocky-mirror')).to.be.true;
  });

  it('has of a destination the options of destinations', () => {
    const cloud = of('cloud');
    expect(cloud.get('upload_type')?.value).to.equal('rsync');
    expect(cloud.has('upload_port')).to.be.true;
    expect(cloud.has('ram')).to.be.false;
  });
});
