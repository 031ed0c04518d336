import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { poolName } from './machine-names.js';

export function workDirectoryName(baseName: string): string {
  return `.${poolName(baseName)}.build`;
}

/** The work directories of builds of an image, the newest last, each with the date of the build. */
export async function keptBuilds(image: string, outputDir: string): Promise<{ date: string; workDir: string }[]> {
  const names = await readdir(outputDir).catch(() => []);
  return names.sort().flatMap((name) => {
    const date = /-(\d{4}-\d{2}-\d{2})\.build$/.exec(name)?.[1];
    if (date === undefined || name !== workDirectoryName(`${image}-${date}`)) return [];
    return [{ date, workDir: join(outputDir, name) }];
  });
}
