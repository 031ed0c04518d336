import { join } from 'node:path';
import { Failure } from '../../host/failure.js';
import { command, run, type Host } from '../../host/host.js';
import { withScratchDirectory } from '../../host/scratch-directory.js';
import type { LockedPackage } from '../lock-file.js';
import { pooled } from '../pool.js';

/** Files that one call of rpmkeys gets: the length of a command line is bounded. */
const atOnce = 200;

/**
 * Checks the signatures of packages whose repositories sign no index: where the key is named, one of its keys must have signed each of
 * them. Without a key, nothing vouches for them, which is told.
 *
 * @throws Failure that names what is not signed
 */
export async function expectSigned(
  host: Host,
  pool: string,
  packages: readonly LockedPackage[],
  keyring: string | undefined,
): Promise<void> {
  if (keyring === undefined) {
    host.log.warn("Nothing vouches for these packages: the index is not signed, and no 'package-keyring' names a key");
    return;
  }
  await withScratchDirectory('rpm-keys', async (scratch) => {
    const database = ['--define', `_dbpath ${join(scratch, 'keys')}`];
    await run(host, command('rpmkeys', [...database, '--import', keyring]));
    const bad: string[] = [];
    for (let at = 0; at < packages.length; at += atOnce) {
      const some = packages.slice(at, at + atOnce);
      const files = new Map(some.map((each) => [pooled(pool, each), each]));
      const { stdout } = await run(host, command('rpmkeys', [...database, '--checksig', ...files.keys()]), {
        accept: Array.from({ length: 255 }, (_, code) => code + 1),
      });
      // A digest alone is 'digests OK': it says who packed the file as little as its name.
      const good = new Set(stdout.split('\n').flatMap((line) => /^(.*): digests signatures OK$/.exec(line)?.[1] ?? []));
      for (const [file, { name, version }] of files) if (!good.has(file)) bad.push(`${name} ${version}`);
    }
    if (bad.length === 0) return;
    throw new Failure(
      `no key in ${keyring} has signed these packages, and their repository does not sign its index:\n${bad.map((each) => `  | ${each}`).join('\n')}`,
      { hint: "'package-keyring' names the keys that may sign the index (repomd.xml.asc) or each package." },
    );
  });
}
