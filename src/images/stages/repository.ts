import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claimDirectory } from '../../host/abandoned-directories.js';
import { makeDirectory } from '../../host/make-directory.js';
import { isInstalled } from '../../config/image-spec.js';
import { serveDirectory } from '../../install/content-server.js';
import { makeBuildKey } from '../../packages/build-key.js';
import { compileRepository } from '../../packages/compile-repository.js';
import { packagingOf } from '../../packages/facts.js';
import type { PackageLock } from '../../packages/lock-file.js';
import { compileRpmRepository } from '../../packages/rpm/compile-repository.js';
import { repositoryIn } from '../../packages/make-tree.js';
import { suiteOf } from '../../packages/request.js';
import { lockForBuild } from '../../packages/use-lock.js';
import { addInstallerSums } from '../installer-sums.js';
import { keepLock } from '../kept-lock.js';
import { kernelAmong } from '../locked-repository.js';
import { stage } from '../stage.js';

/** The archive that an installer installs from: the packages of a lock, and no others, where the guest can reach them. */
export const repository = stage({
  name: 'repository',
  title: 'Compiling the repository of the installer',
  leaves: ['packageLock', 'repository'],
  wants: ({ spec, packages, paths }) =>
    packages && isInstalled(spec) ? { spec, packages, workDir: paths.workDir } : undefined,
  programs: ({ packages: { request } }) => [
    ...(['apt-get', 'apt-config', 'apt-helper', 'gpg', 'gpgconf', 'gpgv'] as const),
    ...(packagingOf(request.facts).packaging === 'rpm'
      ? (['dnf', 'createrepo_c', 'rpmkeys'] as const)
      : (['dpkg', 'dpkg-deb'] as const)),
  ],
  inputs: async ({ packages: { path, policy, request } }) => [
    ...[policy, request.facts.suite],
    existsSync(path) ? await readFile(path, 'utf8') : '',
  ],
  async run(host, { spec, packages, workDir }) {
    const used = await lockForBuild(host, packages);
    const { lock } = used;
    const { request, cache, path } = packages;
    const suite = suiteOf(request);
    // Beside the pool, for hard links.
    makeDirectory(cache.pool);
    const { path: scratch } = await claimDirectory(host, repositoryIn(cache.pool));
    const key = await makeBuildKey(host, lock.packaging === 'rpm' ? 'rsa3072' : 'ed25519');
    host.log.progress({ text: 'Compiling the repository' });
    const wanted = { lock, pool: cache.pool, directory: join(scratch, 'archive'), suite, key };
    const { keyring } = await (lock.packaging === 'rpm' ? compileRpmRepository : compileRepository)(host, wanted);
    if (spec.origin.answerFile.kind === 'yast')
      await addInstallerSums(host, spec, { directory: wanted.directory, key });
    const server = await serveDirectory(host, scratch);
    host.release.hold(`the HTTP server at ${server.guestHost}`, () => server.close());
    host.log.info(`The installer gets the ${lock.totals.packages} packages of the lock, and no others`);
    const kernel = kernelAmong(request.group.members.map(({ name }) => name));
    return {
      packageLock: await keepLock(workDir, path, used),
      repository: {
        ...{ host: server.guestHost, directory: '/archive', suite },
        key: (await readFile(keyring)).toString('base64'),
        keyText: key.text,
        fingerprint: key.fingerprint,
        packages: namesOf(lock),
        ...(kernel === undefined ? {} : { kernel }),
      },
    };
  },
});

/** As an answer file names them: where the installer takes that, with the architecture where it is another one. */
export function namesOf({ packaging, distribution, architecture: own, packages }: PackageLock): string[] {
  // SUSE's installers take names alone.
  const isNamed = packaging === 'rpm' && !['opensuse', 'sles'].includes(distribution);
  const isForeign = (architecture: string) => isNamed && ![own, 'noarch'].includes(architecture);
  return [...new Set(packages.map(({ name, architecture: of }) => (isForeign(of) ? `${name}.${of}` : name)))];
}
