import { createReadStream } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Failure } from '../../host/failure.js';
import { filter, nothing } from '../../host/filter.js';
import { command, run, type Caller } from '../../host/host.js';
import { listingEnvironment, listingOptions, parseListing } from './archive-listing.js';
import { linesOfProgram } from '../byte-lines.js';

/** Bytes of a JSON document of an image. skopeo and containerd take no larger ones. */
const largestDocument = 4 * 2 ** 20;

/** Members of an image in a tar archive: its layers and documents, far fewer in truth. */
const mostMembers = 10_000;

/** The files of a container image, in a directory or in a tar archive. */
export interface Blobs {
  /** For messages. */
  readonly what: string;
  has(path: string): boolean;
  /** @throws Failure if there is none */
  open(path: string): AsyncIterable<Uint8Array>;
  /** A small file. @throws Failure if there is none, or it is too large */
  document(path: string): Promise<Buffer>;
}

/** Those of an OCI image layout in a directory. */
export async function blobsInDirectory(directory: string): Promise<Blobs> {
  const known = new Set<string>();
  for (const name of ['oci-layout', 'index.json', 'manifest.json']) {
    if ((await lstat(join(directory, name)).catch(() => undefined))?.isFile()) known.add(name);
  }
  return {
    what: directory,
    has: (path) => known.has(path),
    open: (path) => createReadStream(join(directory, path), { highWaterMark: 1024 * 1024 }),
    async document(path) {
      const file = await open(join(directory, path)).catch((error: NodeJS.ErrnoException) => {
        throw new Failure(`${directory}: ${path} can't be read: ${error.code}`, { cause: error });
      });
      try {
        expectSmall(`${directory}: ${path}`, (await file.stat()).size);
        return await file.readFile();
      } finally {
        await file.close();
      }
    },
  };
}

/** Those in a tar archive that is not compressed: each is read from it, and none is unpacked. */
export async function blobsInArchive(host: Caller, archive: string): Promise<Blobs> {
  /** Members by their path; symbolic links, which docker's archives have for layers that are the same, by their target. */
  const members = new Map<string, { readonly name: string; readonly size: number; readonly target?: string }>();
  const list = command('tar', ['--list', '--force-local', `--file=${archive}`, ...listingOptions], {
    env: listingEnvironment,
  });
  for await (const line of linesOfProgram(host, list)) {
    const { name, size, target, type } = parseListing(line);
    if (members.size >= mostMembers) throw new Failure(`${archive}: an image with more than ${mostMembers} files`);
    const path = posix.normalize(name);
    const to = type === 'link' && target !== undefined ? posix.join(posix.dirname(path), target) : target;
    members.set(path, { name, size, ...(to !== undefined && { target: to }) });
  }
  const member = (path: string) => {
    const found = members.get(path);
    const last = found?.target === undefined ? found : members.get(posix.normalize(found.target));
    if (last === undefined || last.target !== undefined) throw new Failure(`${archive}: there is no ${path} in it`);
    return last;
  };
  const extract = (name: string) =>
    command(
      'tar',
      [
        '--extract',
        '--to-stdout',
        '--force-local',
        `--file=${archive}`,
        '--occurrence=1',
        '--no-wildcards',
        '--',
        name,
      ],
      {
        encoding: 'latin1',
      },
    );
  return {
    what: archive,
    has: (path) => members.has(path),
    open: (path) => filter(host, extract(member(path).name))(nothing()),
    async document(path) {
      const { name, size } = member(path);
      expectSmall(`${archive}: ${path}`, size);
      return Buffer.from((await run(host, extract(name))).stdout, 'latin1');
    },
  };
}

function expectSmall(what: string, size: number): void {
  if (size > largestDocument) throw new Failure(`${what} has ${size} bytes: too many for a document of an image`);
}
