import { expect } from 'chai';
import { normalUser, type NormalUser } from '../support/normal-user.js';
import { BothPrograms, type Both } from '../compat/both-programs.js';
import { expectDocumented, expectSameInstallation } from '../compat/differences.js';
import { cachedFiles, callsOf, installationOf, publishing } from '../compat/recorded-commands.js';

/** What depends on who builds: the libvirt connection, the cache, the rights. Everything else is the same. */
describe('a normal user', () => {
  let programs: BothPrograms;
  let user: NormalUser;
  let built: Both;
  before(async function () {
    programs = await BothPrograms.open(this);
    user = await normalUser();
    const config = programs
      .packageConfiguration()
      .replace(/^cache_dir=.*$/m, 'virt-type=qemu')
      .replace(/^append=/gm, 'append=cache=${cache_dir} ');
    built = await programs.run({ args: ['Debian-8-server'], config, builder: user });
  });
  after(async () => {
    await user?.remove();
    programs?.close();
  });

  it('builds the same in session mode, with the cache below the home directory', () => {
    const { python, ours } = built;
    expect(python.status, python.said).to.equal(0);
    expect(ours.status, ours.said).to.equal(0);
    expectSameInstallation(built);
    expect(installationOf(ours)).to.include({ connect: 'qemu:///session' });
    expect(cachedFiles(ours)).to.include('~/.cache/image-factory/Debian-8-server/linux');
    expect(installationOf(ours)['extra-args'], 'the cache in another option').to.include(
      'cache=~/.cache/image-factory',
    );
    expect(publishing(ours)).to.deep.equal(publishing(python));
  });

  it('needs no rights for it any more', () => {
    expect(callsOf(built.python, 'sudo')).not.to.have.lengthOf(0);
    expect(callsOf(built.ours, 'sudo')).to.have.lengthOf(0);
    expectDocumented('are cleaned in the raw disk, without root');
  });
});
