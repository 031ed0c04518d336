import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeDisk } from '../../disk/make/make-disk.js';
import { Failure } from '../../host/failure.js';
import { command, insistently, run, type Host } from '../../host/host.js';
import { makeDirectory } from '../../host/make-directory.js';
import { serveDirectory } from '../../install/content-server.js';
import { imageLayout } from '../../layout/image-layout.js';
import { lockText } from '../../packages/lock-file.js';
import { makeTree } from '../../packages/make-tree.js';
import { lockForBuild } from '../../packages/use-lock.js';
import { firstSettings } from '../first-settings.js';
import { kernelWords } from '../kernel-words.js';
import { stage } from '../stage.js';

/** What a small system takes, in bytes. */
const smallTree = 512 * 2 ** 20;

/** The disk of an image without an installer: a tree of exactly the packages of its lock, in its layout. */
export const bootstrap = stage({
  name: 'bootstrap',
  title: 'Making the system from its packages',
  keepsWork: true,
  leaves: ['packageLock'],
  wants: ({ spec, paths, packages, sourceDate }) =>
    packages && {
      ...{ spec, packages, output: paths.rawDisk, directory: paths.diskDir, workDir: paths.workDir },
      epoch: sourceDate === undefined ? undefined : Math.floor(sourceDate / 1000),
    },
  programs: () => [
    'apt-get',
    'apt-config',
    'apt-helper',
    'dpkg-deb',
    'gpg',
    'gpgconf',
    'gpgv',
    'mmdebstrap',
    'mke2fs',
    'find',
    'cp',
  ],
  space: ({ spec, directory, workDir }) => [
    { what: 'the disk', directory, least: smallTree, most: spec.imageSize },
    { what: 'the tree', directory: workDir, least: smallTree, most: spec.imageSize },
  ],
  work: ({ output }) => ({ path: output }),
  async run(host, { spec, packages, output, directory, workDir, epoch }) {
    const { lock, isFile } = await lockForBuild(host, packages);
    const { request, cache, path } = packages;
    const layout = await imageLayout(spec);
    if (layout === undefined) throw new Error(`[${spec.name}] has no layout`);
    makeDirectory(directory);
    const tree = join(workDir, 'tree');
    const remove = host.release.hold(tree, () => removeTree(host, tree));
    await makeTree(host, {
      ...{ lock, pool: cache.pool, workDir: cache.pool, target: tree },
      suite: request.facts.suite || (request.sources[0]?.suite ?? 'stable'),
      scripts: [firstSettings(spec)],
      later: request,
      serve: async (served) => {
        const server = await serveDirectory(host, served);
        return { url: `http://127.0.0.1:${server.port}`, close: () => server.close() };
      },
    });
    await makeDisk(host, { layout, tree, output, bootLoader: 'auto', kernelWords: kernelWords(spec), epoch });
    await remove();
    const copy = join(workDir, 'package-lock.json');
    const text = lockText(lock);
    await writeFile(copy, text);
    const sha256 = createHash('sha256').update(text).digest('hex');
    return { packageLock: { ...(isFile && { name: basename(path) }), sha256, packages: lock.totals.packages, copy } };
  },
});

/** Files of a tree that an ordinary user made belong to subordinate ids, which only a namespace has. */
async function removeTree(host: Host, tree: string): Promise<void> {
  if (process.getuid?.() === 0) return rm(tree, { recursive: true, force: true });
  try {
    await run(insistently(host), command('mmdebstrap', ['--unshare-helper', 'rm', '-rf', tree]));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    await rm(tree, { recursive: true, force: true });
  }
}
