import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DirectoryTree } from '../disk/directory-tree.js';
import { repair, repairingRulesWithout } from '../golden/check.js';
import { byRule } from '../golden/summary.js';
import type { Host } from '../host/host.js';
import { pathInTree } from '../sandbox/tree-path.js';
import type { DeriveJob } from './jobs.js';

/** What programs leave for the time until a reboot. */
const temporary = ['/tmp', '/var/tmp'];

/**
 * Cleans a tree as an installed image is cleaned: machine id, host keys, logs, caches, histories. What only a disk has is
 * cleaned there.
 */
export async function cleanTree(
  host: Host,
  { goldenExcept }: Pick<DeriveJob, 'goldenExcept'>,
  root: string,
): Promise<void> {
  for (const directory of temporary) {
    const path = await pathInTree(root, directory);
    for (const name of await readdir(path).catch(() => [])) {
      await rm(join(path, name), { recursive: true, force: true });
    }
  }
  if (goldenExcept === undefined) return;
  const rules = repairingRulesWithout(goldenExcept).filter(({ group }) => group !== 'boot');
  const { repaired } = await repair(host, new DirectoryTree(root), rules);
  for (const { rule, level, path } of repaired) host.log.finding({ rule, level, path, repaired: true });
  for (const { heading, places } of byRule(repaired)) {
    host.log.info([`Repaired ${heading}`, ...places].join('\n  '));
  }
}
