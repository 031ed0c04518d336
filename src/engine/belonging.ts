import { existsSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** To which build a directory belongs that lies elsewhere than its work directory. */
export interface Belonging<Resources> {
  readonly workDir: string;
  readonly processId: number;
  /** What the build takes that outlives its process. */
  readonly resources: Resources;
}

const fileName = 'belongs-to.json';

/** Writes down which build a directory belongs to. */
export function writeBelonging<Resources>(directory: string, belonging: Belonging<Resources>): void {
  writeFileSync(join(directory, fileName), `${JSON.stringify(belonging)}\n`, { mode: 0o600 });
}

/**
 * Finds directories of builds of which nothing else is left: the work directory, which knew of them, was removed from
 * outside, and the process is over.
 *
 * @param parent where such directories lie
 */
export async function abandonedDirectories<Resources>(
  parent: string,
): Promise<{ readonly directory: string; readonly resources: Resources }[]> {
  const names = await readdir(parent).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const directory = join(parent, name);
      const belonging = await readBelonging<Resources>(directory);
      const isAbandoned = belonging && !existsSync(belonging.workDir) && !isAlive(belonging.processId);
      return isAbandoned ? [{ directory, resources: belonging.resources }] : [];
    }),
  );
  return found.flat();
}

async function readBelonging<Resources>(directory: string): Promise<Belonging<Resources> | undefined> {
  try {
    const content = JSON.parse(await readFile(join(directory, fileName), 'utf8')) as Partial<Belonging<Resources>>;
    const { workDir, processId, resources } = content;
    if (typeof workDir !== 'string' || typeof processId !== 'number' || resources === undefined) return undefined;
    return { workDir, processId, resources };
  } catch {
    return undefined;
  }
}

/** Whether there is a process of this id, be it another one by now. */
function isAlive(processId: number): boolean {
  return existsSync(`/proc/${processId}`);
}
