import { existsSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The build to which a directory outside its work directory belongs. */
export interface Belonging<Resources> {
  readonly workDir: string;
  readonly processId: number;
  /** The resources of the build that outlive its process. */
  readonly resources: Resources;
}

const fileName = 'belongs-to.json';

/** Records which build a directory belongs to. */
export function writeBelonging<Resources>(directory: string, belonging: Belonging<Resources>): void {
  writeFileSync(join(directory, fileName), `${JSON.stringify(belonging)}\n`, { mode: 0o600 });
}

/**
 * Finds leftover directories of dead builds: their work directory, which referred to them, was removed by the user, and
 * their process has ended.
 *
 * @param parent the directory that contains such directories
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

/** Whether there is a process with this id; it may be a different one by now. */
function isAlive(processId: number): boolean {
  return existsSync(`/proc/${processId}`);
}
