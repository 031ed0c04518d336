import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { whyNotOfPackages } from '../checks/derivation-check.js';
import { UsageError } from '../host/failure.js';
import { ReleaseStack } from '../host/release-stack.js';
import { serveDirectory } from '../install/content-server.js';
import { lockPath } from '../config/lock-path.js';
import { makeTree } from '../packages/make-tree.js';
import { packageCache } from '../packages/package-cache.js';
import { imageMeant, packageRequest, suiteOf } from '../packages/request.js';
import { lockForBuild, type LockPolicy } from '../packages/use-lock.js';
import { briefLog } from './brief-log.js';
import { loadConfiguration } from './configuration.js';
import { untilSignalled } from './signals.js';

export interface BootstrapFlags {
  readonly config?: string;
  readonly flavor?: string;
  readonly locked?: boolean;
  readonly unlocked?: boolean;
  readonly cacheDir?: string;
  readonly verbose?: boolean;
}

/** Makes the tree of an image from its package lock: a directory, or an archive in tar. */
export async function bootstrapTree(name: string, target: string, flags: BootstrapFlags): Promise<void> {
  const configuration = loadConfiguration(flags.config);
  const image = imageMeant(configuration, name, flags.flavor === undefined ? [] : [flags.flavor]);
  if (flags.locked && flags.unlocked) throw new UsageError(['--locked and --unlocked contradict each other']);
  const request = packageRequest(configuration, image);
  const { document } = configuration.section(image.image);
  const output = resolve(target);
  if (existsSync(output)) throw new UsageError([`${target}: it is there already: choose another name`]);
  if (!existsSync(dirname(output))) throw new UsageError([`${target}: there is no directory ${dirname(output)}`]);
  const policy: LockPolicy = flags.locked
    ? 'required'
    : flags.unlocked
      ? 'ignore'
      : ((document.get(image.image, 'package-lock') as LockPolicy | undefined) ?? 'use');
  const cache = packageCache(flags.cacheDir ?? (document.get(image.image, 'cache_dir') || undefined));
  const log = briefLog(flags);
  try {
    await untilSignalled(async (signal) => {
      const host = { log, signal, release: new ReleaseStack() };
      const closed = await whyNotOfPackages(host);
      if (closed !== undefined) throw new UsageError([`[${image.image}] ${closed}`]);
      await host.release.after(log, async () => {
        const { lock } = await lockForBuild(host, { request, cache, path: lockPath(configuration, image), policy });
        const serve = async (directory: string) => {
          const server = await serveDirectory(host, directory);
          return { url: `http://127.0.0.1:${server.port}`, close: () => server.close() };
        };
        const suite = suiteOf(request);
        const wanted = {
          lock,
          pool: cache.pool,
          suite,
          target: output,
          workDir: cache.pool,
          scripts: [],
          later: request,
          serve,
        };
        await makeTree(host, wanted);
        log.info(`Made ${target}: ${lock.totals.packages} packages`);
      });
    });
  } finally {
    log.close();
  }
}
