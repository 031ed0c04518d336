import { rename, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { sha256Of } from '../host/digest.js';
import type { Caller } from '../host/host.js';

/**
 * Streams a file once through SHA-256 and writes `<file>.sha256sum` as `sha256sum -c` reads it, under a temporary
 * name first.
 *
 * @returns the digest in lower-case hexadecimal and the path of the checksum file
 */
export async function writeChecksum(host: Caller, file: string): Promise<{ sha256: string; path: string }> {
  const sha256 = await sha256Of(host, file);
  const path = `${file}.sha256sum`;
  const temporary = `${path}.part`;
  try {
    await writeFile(temporary, sumLine(sha256, basename(file)));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return { sha256, path };
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
