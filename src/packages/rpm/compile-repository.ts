import { readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { command, run, type Host } from '../../host/host.js';
import { makeDirectory } from '../../host/make-directory.js';
import { dateOf, type Compilation, type CompiledRepository } from '../compile-repository.js';
import { linkPooled, pooled, verifyPooled } from '../pool.js';

/**
 * Compiles a repository of rpm from a lock, by createrepo_c(8): indexes of exactly these packages, with hard links into the pool, and a
 * signature of the build over them. Modules are not in it: what their streams decided is decided, and every package counts.
 *
 * @throws Failure that names a file of the pool that is not what the lock says
 */
export async function compileRpmRepository(host: Host, wanted: Compilation): Promise<CompiledRepository> {
  const { lock, pool, directory, suite, key } = wanted;
  const files = [...lock.packages, ...(lock.udebs ?? [])];
  await verifyPooled(pool, files);
  makeDirectory(directory);
  for (const each of files) {
    await linkPooled(pooled(pool, each), join(directory, 'packages', each.sha256.slice(0, 2), basename(each.path)));
  }
  const revision = String(Math.floor(Date.parse(dateOf(lock)) / 1000));
  const words = ['--quiet', '--checksum', 'sha256', '--no-database', '--revision', revision, '--workers', '2'];
  await run(host, command('createrepo_c', [...words, '--set-timestamp-to-revision', directory]));
  const repomd = join(directory, 'repodata/repomd.xml');
  const signature = await key.signature(await readFile(repomd, 'utf8'));
  await writeFile(`${repomd}.part`, signature);
  await rename(`${repomd}.part`, `${repomd}.asc`);
  // libzypp takes the key from here, and asks whether it may be trusted.
  await writeFile(`${repomd}.key`, key.text);
  return { directory, suite, keyring: key.keyring };
}
