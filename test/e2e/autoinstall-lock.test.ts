import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { parse } from 'yaml';
import { renderAnswerFile } from '../../src/answers/answer-file.js';
import { Configuration } from '../../src/config/configuration.js';
import { isoDate, resolveImage } from '../../src/config/resolve.js';
import { parseDpkgStatus } from '../../src/contents/dpkg-status.js';
import type { Host } from '../../src/host/host.js';
import { silentLog } from '../../src/host/log.js';
import { ReleaseStack } from '../../src/host/release-stack.js';
import { answerFileSource } from '../../src/images/answer-file-source.js';
import { lockable } from '../../src/images/installer-packages.js';
import { namesOf } from '../../src/images/stages/repository.js';
import { serveDirectory } from '../../src/install/content-server.js';
import { makeBuildKey } from '../../src/packages/build-key.js';
import { compileRepository } from '../../src/packages/compile-repository.js';
import { differencesOf } from '../../src/packages/differences.js';
import { makeLock } from '../../src/packages/make-lock.js';
import { packageCache } from '../../src/packages/package-cache.js';
import { DebArchive } from '../support/deb-archive.js';
import { aptMirrorUrl } from './apt-mirror.js';

/**
 * What curtin runs in the installed system: a root directory of its own, with the kernel's file systems, but for its devices: those of
 * this machine would get the owners that systemd gives them there.
 */
const inTarget = `
set -eu
mount -t tmpfs dev "$1/dev"
for name in null zero full random urandom tty; do
  : >"$1/dev/$name"
  mount --bind "/dev/$name" "$1/dev/$name"
done
mount -t proc proc "$1/proc"
mount -t sysfs sysfs "$1/sys"
exec chroot "$1" sh -eu "$2"
`;

// subiquity has Ubuntu alone, and no mirror of that may be within reach: Debian's packages are in its place.
describe('a system that was copied from a medium, and the script at the end of its installation', function () {
  this.timeout(30 * 60_000);
  const host: Host = { log: silentLog, signal: new AbortController().signal, release: new ReleaseStack() };
  let directory: string;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'autoinstall-lock-'))));
  after(async () => {
    await host.release.releaseAll(silentLog);
    rmSync(directory, { recursive: true, force: true });
  });

  it('has the packages of the lock afterwards, in its versions, and no others', async () => {
    const mirror = await aptMirrorUrl();
    writeFileSync(
      join(directory, 'my.conf'),
      `[group web]
packages = linux-image-cloud-amd64, tree
[web]
like = ubuntu-24.04
group = web
distribution = Debian 13 (trixie)
suite = trixie
package-sources = ${mirror} trixie main
package-keyring = /usr/share/keyrings/debian-archive-keyring.gpg
medium-packages = systemd-resolved systemd-timesyncd
autoinstall-packages = less
`,
    );
    const text = readFileSync(join(directory, 'my.conf'), 'utf8');
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    const { request } = await lockable(configuration, { image: 'web', flavor: undefined });
    const cache = packageCache(join(directory, 'cache'));
    const lock = await makeLock(host, { request, cache, update: { kind: 'everything' }, fetches: true });
    const key = await makeBuildKey(host);
    const served = join(directory, 'served');
    mkdirSync(served);
    const wanted = { lock, pool: cache.pool, directory: join(served, 'archive'), suite: 'trixie', key };
    await compileRepository(host, wanted);
    const server = await serveDirectory(host, served);
    host.release.hold('the server', () => server.close());

    // A newer package than the lock's, further ones, and one of which only the settings are left.
    const root = join(directory, 'root');
    const include = '--include=nano,cron,ca-certificates';
    await execa('mmdebstrap', ['--quiet', '--variant=apt', include, 'trixie', root, mirror]);
    const own = await DebArchive.make();
    host.release.hold('the archive', () => own.remove());
    await own.publish('own', [{ name: 'less', version: '9999' }]);
    const made = (await execa('find', [own.directory, '-name', '*.deb'])).stdout;
    await execa('cp', [made, join(root, 'own.deb')]);
    await execa('chroot', [root, 'dpkg', '--install', '/own.deb']);
    await execa('chroot', [root, 'dpkg', '--remove', 'nano']);

    const repository = {
      ...{ host: server.guestHost.replace(/^.*:/, '127.0.0.1:'), directory: '/archive', suite: 'trixie' },
      ...{ key: readFileSync(key.keyring).toString('base64'), keyText: key.text, fingerprint: key.fingerprint },
      packages: namesOf(lock),
    };
    const spec = resolveImage(configuration, 'web', {}, isoDate(new Date()));
    const { content } = await renderAnswerFile(answerFileSource(spec, { repository }));
    const { autoinstall } = parse(content.toString()) as { autoinstall: { 'late-commands': (string | string[])[] } };
    const [, coded = ''] = /echo (\S+) \| base64 -d/.exec(autoinstall['late-commands'].flat().join('\n')) ?? [];
    const script = Buffer.from(coded, 'base64').toString();
    const [part = ''] = /^# The packages of the lock[^]*?^rm -f "\$locked".*$/m.exec(script) ?? [];
    expect(part).to.include('--allow-downgrades');
    writeFileSync(join(root, 'part.sh'), part);
    const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'];
    const { all, exitCode } = await execa('unshare', [...namespaces, 'sh', '-c', inTarget, 'sh', root, '/part.sh'], {
      ...{ all: true, reject: false, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' } },
    });
    expect(exitCode, all).to.equal(0);
    const status = readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8');
    expect(differencesOf(lock.packages, parseDpkgStatus(status))).to.deep.equal([]);
    expect(status).not.to.match(/^Status: \S+ \S+ config-files$/m);
  });
});
