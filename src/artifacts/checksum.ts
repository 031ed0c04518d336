import { rename, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';

/** Writes `FILE.sha256sum` as `sha256sum -c` reads it, under a temporary name first. @param sha256 hexadecimal */
export async function writeChecksum(file: string, sha256: string): Promise<void> {
  const temporary = `${file}.sha256sum.part`;
  try {
    await writeFile(temporary, sumLine(sha256, basename(file)));
    await rename(temporary, `${file}.sha256sum`);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** A line as sha256sum writes it. */
export function sumLine(sha256: string, name: string): string {
  return `${sha256}  ${name}\n`;
}

/**
 * The sums of a file as sha256sum writes it, by file name.
 *
 * @returns undefined where a line is anything else, or names a file twice or in another directory
 */
export function parseSums(text: string): ReadonlyMap<string, string> | undefined {
  const sums = new Map<string, string>();
  for (const line of text.split('\n').filter((candidate) => candidate !== '')) {
    const [, sha256, name] = /^([0-9a-f]{64}) [ *]([^/]+)$/.exec(line) ?? [];
    if (sha256 === undefined || name === undefined || sums.has(name)) return undefined;
    sums.set(name, sha256);
  }
  return sums;
}
