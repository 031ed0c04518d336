import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { sumLine, writeChecksum } from '../artifacts/checksum.js';
import { sha256Of } from '../host/digest.js';
import type { Host } from '../host/host.js';
import { moveFile } from '../host/move-file.js';
import { signatureOf } from '../artifacts/table.js';
import type { BundleFile } from './record.js';

/**
 * Gives a bundle's file, or directory, its place, and its checksum beside it. What vouched for an earlier one of that
 * name is gone before.
 */
export async function placeFile(host: Host, from: string, outputDir: string): Promise<BundleFile> {
  const name = basename(from);
  const to = join(outputDir, name);
  const found = (await stat(from)).isDirectory() ? await sumsOfDirectory(host, from) : await sumOfFile(host, from);
  for (const by of ['gpg', 'ssh'] as const) await rm(signatureOf(`${to}.sha256sum`, by), { force: true });
  await rm(`${to}.sha256sum`, { force: true });
  if ('lines' in found) {
    await rm(to, { recursive: true, force: true });
    await rename(from, to).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EXDEV') throw error;
      await moveDirectory(host, from, to);
    });
    await writeText(`${to}.sha256sum`, found.lines);
    host.log.info(`Wrote ${to}/`);
    return { name, bytes: found.bytes, sha256: sha256OfText(found.lines), isDirectory: true };
  }
  if (existsSync(to) && (await lstat(to)).isDirectory()) await rm(to, { recursive: true });
  await moveFile(host, from, to);
  await writeChecksum(to, found.sha256);
  host.log.info(`Wrote ${to}`);
  return { name, ...found };
}

async function sumOfFile(host: Host, file: string): Promise<{ bytes: number; sha256: string }> {
  return { bytes: (await stat(file)).size, sha256: await sha256Of(host, file) };
}

/** The sums of all files in a directory, as `sha256sum --check` reads them from the directory above. */
async function sumsOfDirectory(host: Host, directory: string): Promise<{ bytes: number; lines: string }> {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  let bytes = 0;
  const lines: string[] = [];
  for (const file of files) {
    bytes += (await stat(file)).size;
    lines.push(sumLine(await sha256Of(host, file), file.slice(dirname(directory).length + 1)));
  }
  return { bytes, lines: lines.join('') };
}

async function moveDirectory(host: Host, from: string, to: string): Promise<void> {
  const { copyFile, mkdir } = await import('node:fs/promises');
  const part = join(dirname(to), `.${basename(to)}.part`);
  await rm(part, { recursive: true, force: true });
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    host.signal.throwIfAborted();
    const path = join(entry.parentPath, entry.name);
    const copy = join(part, path.slice(from.length + 1));
    await mkdir(entry.isDirectory() ? copy : dirname(copy), { recursive: true });
    if (entry.isFile()) await copyFile(path, copy);
  }
  await rename(part, to);
  await rm(from, { recursive: true, force: true });
}

async function writeText(file: string, text: string): Promise<void> {
  await writeFile(`${file}.part`, text);
  await rename(`${file}.part`, file);
}

const sha256OfText = (text: string) => createHash('sha256').update(text).digest('hex');
