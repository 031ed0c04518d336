import { existsSync } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../host/failure.js';
import { filter, nothing } from '../../host/filter.js';
import { command, type Caller } from '../../host/host.js';
import { compressionOf, firstBytes } from './compression.js';
import { unquoted } from './archive-listing.js';

/** What there is to import. */
export type Source =
  | { readonly kind: 'directory' | 'archive'; readonly path: string }
  | { readonly kind: 'disk'; readonly path: string; readonly format: 'raw' | 'qcow2' }
  | { readonly kind: 'image directory' | 'image archive'; readonly path: string; readonly reference?: string };

/**
 * Finds out what a source is, by its content: its name says nothing.
 *
 * @param text a path; that of a container image may be followed by ':' and the image's name
 * @throws Failure if there is none, or it can't be imported
 */
export async function recognise(host: Caller, text: string): Promise<Source> {
  const { path, reference } = splitReference(text);
  if (reference !== undefined) {
    const source = await kindOf(host, path);
    if (source.kind === 'image directory' || source.kind === 'image archive') return { ...source, reference };
    throw new Failure(`${text}: ${path} is no container image, so there is no '${reference}' in it`);
  }
  return kindOf(host, text);
}

/** A path, and the name of an image in it: `web.tar:localhost:5000/web:1`. What is there counts as a path. */
export function splitReference(text: string): { readonly path: string; readonly reference?: string } {
  if (existsSync(text)) return { path: text };
  for (let colon = text.lastIndexOf(':'); colon > 0; colon = text.lastIndexOf(':', colon - 1)) {
    const path = text.slice(0, colon);
    if (existsSync(path)) return { path, reference: text.slice(colon + 1) };
  }
  return { path: text };
}

async function kindOf(host: Caller, path: string): Promise<Source> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) throw new Failure(`${path}: there is no such file or directory`);
  if (stats.isDirectory()) {
    const isLayout = (await lstat(join(path, 'oci-layout')).catch(() => undefined))?.isFile() === true;
    return { kind: isLayout ? 'image directory' : 'directory', path };
  }
  if (stats.isBlockDevice()) return { kind: 'disk', path, format: 'raw' };
  if (!stats.isFile()) throw new Failure(`${path} is neither a file nor a directory`);
  if (stats.size === 0) throw new Failure(`${path} is empty`);
  const format = await diskFormatOf(path);
  if (format !== undefined) return { kind: 'disk', path, format };
  if ((await compressionOf(path)) === 'none' && !(await isTar(path))) {
    throw new Failure(`${path} is no archive, container image or disk`, {
      hint: 'tar (also .gz, .xz, .zst), OCI layouts, archives of docker, raw and qcow2 disks can be imported, and directories.',
    });
  }
  return { kind: (await holdsImage(host, path)) ? 'image archive' : 'archive', path };
}

/** The format of a disk; undefined for other files. */
export async function diskFormatOf(path: string): Promise<'raw' | 'qcow2' | undefined> {
  if ((await firstBytes(path, 4)).toString('latin1') === 'QFI\xfb') return 'qcow2';
  const isPlain = (await compressionOf(path)) === 'none' && !(await isTar(path));
  return isPlain && (await isRawDisk(path)) ? 'raw' : undefined;
}

/** By the magic of POSIX and GNU tar, or the checksum that all others have as well. */
async function isTar(path: string): Promise<boolean> {
  const header = await firstBytes(path, 512);
  if (header.length < 512) return false;
  if (header.toString('latin1', 257, 262) === 'ustar') return true;
  const stated = parseInt(header.toString('latin1', 148, 156).replace(/[\0 ]+$/, ''), 8);
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  return stated === sum && sum !== 8 * 0x20;
}

/** A partition table's signature in the first sector. */
async function isRawDisk(path: string): Promise<boolean> {
  return (await firstBytes(path, 2, 510)).toString('hex') === '55aa';
}

/** What lies at the top of an image's archive, as skopeo, podman and docker write it. */
const ofImages =
  /^(?:\.\/)?(?:oci-layout|index\.json|manifest\.json|repositories|blobs\/?|blobs\/sha256.*|[0-9a-f]{64}(?:\.json|\.tar|\/.*)?)$/;

/** Looks at the names in an archive, only until one of them tells. */
async function holdsImage(host: Caller, path: string): Promise<boolean> {
  const list = command('tar', ['--list', '--force-local', `--file=${path}`, '--quoting-style=c'], {
    env: { LC_ALL: 'C' },
  });
  let text = '';
  try {
    for await (const chunk of filter(host, list)(nothing())) {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const name = unquoted(text.slice(1, end - 1));
        text = text.slice(end + 1);
        if (name === './' || name === '.') continue;
        if (!ofImages.test(name)) return false;
        if (/(?:oci-layout|index\.json|manifest\.json)$/.test(name)) return true;
      }
    }
  } catch {
    // What is wrong with it is told when it is unpacked.
  }
  return false;
}
