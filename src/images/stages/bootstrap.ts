import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isBootstrapped } from '../../config/image-spec.js';
import type { Host } from '../../host/host.js';
import { makeDirectory } from '../../host/make-directory.js';
import { nodeOf } from '../../nodes/call-worker.js';
import { nodeId, readNode, type NodeRecord } from '../../nodes/record.js';
import { latestTime } from '../../packages/bootstrap.js';
import { packagingOf } from '../../packages/facts.js';
import type { PackageLock } from '../../packages/lock-file.js';
import { makeRpmTree, withRepository } from '../../packages/make-tree.js';
import { suiteOf } from '../../packages/request.js';
import { lockForBuild, type WantedPackages } from '../../packages/use-lock.js';
import { inputsOfLock } from '../bootstrapped.js';
import type { Plan } from '../build.js';
import { treeCommand } from '../foreseen-packages.js';
import { firstSettings } from '../first-settings.js';
import { foreignOf } from '../foreign-architecture.js';
import { keepLock } from '../kept-lock.js';
import { stage } from '../stage.js';
import type { BootstrapSpec } from '../../config/image-spec.js';

/** What a small system takes, in bytes. */
const smallTree = 512 * 2 ** 20;

interface Want {
  readonly spec: BootstrapSpec;
  readonly packages: WantedPackages;
  readonly workDir: string;
}

/** The tree of an image without an installer, in the store: exactly the packages of its lock, set up, cleaned and frozen. */
export const bootstrap = stage({
  name: 'bootstrap',
  title: 'Making the system from its packages',
  leaves: ['packageLock', 'node'],
  wants: ({ spec, paths, packages }: Plan): Want | undefined =>
    packages !== undefined && isBootstrapped(spec) ? { spec, packages, workDir: paths.workDir } : undefined,
  commands: ({ packages }) => [treeCommand(packages)],
  programs: ({ packages }) => [
    ...(['apt-get', 'apt-config', 'apt-helper', 'gpg', 'gpgconf', 'gpgv'] as const),
    ...(packagingOf(packages.request.facts).packaging === 'rpm'
      ? (['dnf', 'createrepo_c', 'rpm', 'rpmkeys'] as const)
      : (['cp', 'dpkg-deb', 'mmdebstrap', 'mount', 'umount'] as const)),
    ...(['unshare', 'setpriv', 'tar', 'getfattr', 'setfattr', 'sync', 'rm'] as const),
  ],
  space: ({ spec, workDir, packages }) => [
    ...(packagingOf(packages.request.facts).packaging === 'rpm'
      ? [{ what: 'the archive of the tree', directory: workDir, least: smallTree / 2, most: spec.imageSize }]
      : []),
    { what: 'the tree', directory: spec.storeDir, least: smallTree / 2, most: spec.imageSize },
  ],
  async run(host, { spec, packages, workDir }) {
    const used = await lockForBuild(host, packages);
    const node = await treeOfLock(host, { spec, packages, workDir }, used.lock);
    host.log.info(`The tree is the layer ${node.layer}`);
    return { node, packageLock: await keepLock(workDir, packages.path, used) };
  },
});

async function treeOfLock(host: Host, { spec, packages, workDir }: Want, lock: PackageLock): Promise<NodeRecord> {
  const inputs = await inputsOfLock(spec, lock);
  const there = await readNode(spec.storeDir, nodeId(inputs));
  if (there !== undefined) {
    host.log.info('The store has the tree of these packages: it is not made again');
    return there;
  }
  const { request, cache } = packages;
  const wanted = {
    ...{
      lock,
      pool: cache.pool,
      workDir: cache.pool,
      scripts: [await firstSettings(spec, lock.packaging)],
      later: request,
    },
    suite: suiteOf(request),
  };
  const job = {
    ...{ store: spec.storeDir, image: spec.name, inputs },
    goldenExcept: spec.golden === 'fix' ? spec.goldenExcept : undefined,
  };
  if (lock.packaging !== 'rpm') {
    return withRepository(host, wanted, (packages) =>
      nodeOf(host, { kind: 'bootstrap', ...job, packages, foreign: foreignOf(spec.arch) }),
    );
  }
  makeDirectory(workDir);
  const archive = join(workDir, 'tree.tar');
  const remove = host.release.hold(archive, () => rm(archive, { force: true }));
  await makeRpmTree(host, { ...wanted, target: archive });
  const node = await nodeOf(host, { kind: 'unpack', ...job, archive, latest: latestTime(lock) });
  await remove();
  return node;
}
