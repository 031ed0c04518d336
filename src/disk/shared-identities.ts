import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identities, type Identity } from './identities.js';
import { named } from './place.js';
import type { SystemFiles } from './system-files.js';

/** An identity that is in an image, with the files that hold it. */
export interface SharedIdentity extends Identity {
  readonly files: readonly string[];
}

/** What all machines from this image would share, though it makes each of them what it is. */
export async function sharedIdentities(system: SystemFiles): Promise<SharedIdentity[]> {
  const found = await system.filled(identities.map(({ path }) => path));
  const shared: SharedIdentity[] = [];
  for (const identity of identities) {
    const files = found.filter((path) => named(path, [identity.path]));
    if (files.length > 0 && !(await isMadeAtFirstBoot(system, identity))) shared.push({ ...identity, files });
  }
  return shared;
}

async function isMadeAtFirstBoot(system: SystemFiles, { path, placeholder }: Identity): Promise<boolean> {
  if (placeholder === undefined) return false;
  const scratch = await mkdtemp(join(tmpdir(), 'image-factory-identity-'));
  try {
    const copy = join(scratch, 'copy');
    return (await system.copyOut(path, copy)) && placeholder.test(await readFile(copy, 'utf8'));
  } finally {
    await rm(scratch, { recursive: true });
  }
}
