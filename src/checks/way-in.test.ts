import { expect } from 'chai';
import { renderAnswerFile } from '../answers/answer-file.js';
import { resolveImage } from '../config/resolve.js';
import { silentLog } from '../host/log.js';
import { answerFileSource } from '../images/answer-file-source.js';
import { settingsToCheck } from '../images/first-settings.js';
import { shippedConfiguration } from '../../test/support/shipped-images.js';
import { wayIn } from './way-in.js';

describe('an image without a way in', () => {
  async function warnings(settings: Readonly<Record<string, string>>, image = 'debian-13'): Promise<string[]> {
    const configuration = shippedConfiguration();
    const spec = resolveImage(configuration, image, settings, '2026-11-26');
    const answerFile = await renderAnswerFile(answerFileSource(spec));
    const host = { log: silentLog, signal: new AbortController().signal };
    return (await wayIn({ host, configuration, spec, answerFile })).map(
      ({ weight, message }) => `${weight}: ${message}`,
    );
  }

  for (const image of ['debian-13', 'rocky-9', 'ubuntu-24.04', 'opensuse-leap-15.6', 'opensuse-leap-16.0']) {
    it(`is told before it is built: ${image} with its defaults`, async () => {
      expect((await warnings({}, image)).join()).to.match(
        /^warning: \[\S+\] there will be no way to log in: every password is locked/,
      );
    });
  }

  it('is told of one that is made from its packages, unless it is a container, or cloud-init comes along', async () => {
    const sections = [
      ...['[flavor container]', 'options = !kernel', '[web]', 'like = trixie', 'layout = hybrid', 'group = server'],
      ...['[cloudy]', 'like = web', 'group = cloud', '[contained]', 'like = web', 'flavors = container'],
    ];
    const told = async (image: string) => {
      const configuration = shippedConfiguration(sections.join('\n'));
      const spec = resolveImage(configuration, image, {}, '2026-11-26');
      const answerFile = await settingsToCheck(configuration, spec);
      const host = { log: silentLog, signal: new AbortController().signal };
      return (await wayIn({ host, configuration, spec, answerFile })).length;
    };
    expect(await told('web')).to.equal(1);
    expect(await told('cloudy')).to.equal(0);
    expect(await told('contained@container')).to.equal(0);
  });

  it('is one whose user has a locked password and no key, or who is not made', async () => {
    expect(await warnings({ user: 'admin' })).to.have.length(1);
    expect(await warnings({ user: 'admin', 'user-password-hash': '!' })).to.have.length(1);
    expect(await warnings({ 'user-password-hash': '$6$salt$hash' })).to.have.length(1);
  });

  it('is none with a password, a key, cloud-init, or a script that may make accounts', async () => {
    expect(await warnings({ 'root-password-hash': '$6$salt$hash' })).to.deep.equal([]);
    expect(await warnings({ user: 'admin', 'user-password-hash': '$6$salt$hash' })).to.deep.equal([]);
    expect(
      await warnings({
        'ssh-authorized-keys': 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Vwo5B9hiS3lJl4xzx2bB8HUi0d0pP8o1qS1m1bBzv a@b',
      }),
    ).to.deep.equal([]);
    expect(await warnings({ packages: 'nginx cloud-init' })).to.deep.equal([]);
    for (const image of ['debian-13', 'rocky-9', 'ubuntu-24.04', 'opensuse-leap-16.0']) {
      expect(await warnings({ 'cloud-init': 'NoCloud' }, image), image).to.deep.equal([]);
    }
    expect(await warnings({ 'cloud-init': 'no' })).to.have.length(1);
    expect(await warnings({ 'post-script': '/bin/true' }).catch(() => [])).to.deep.equal([]);
  });
});
