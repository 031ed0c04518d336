import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../host/failure.js';
import { filter } from '../../host/filter.js';
import { command, type Caller } from '../../host/host.js';
import { Lines } from '../../host/lines.js';
import type { ListKind } from './access-lists.js';
import type { ArchiveGuard } from './archive-guard.js';
import type { ArchiveReader } from './archive-reader.js';
import { listingEnvironment, listingOptions, parseListing, unquoted } from './archive-listing.js';
import { readable } from '../tree-entry.js';

/**
 * How GNU tar unpacks. It removes leading slashes, refuses names with `..`, and makes symbolic links that lead away only
 * when all files are written, so nothing is ever written through them.
 */
const options = [
  // Of 256 KiB, so that the bytes of files are copied in few calls: the usual 10 KiB take it a fifth longer.
  ...['--extract', '--blocking-factor=512', ...listingOptions],
  ...['--same-owner', '--same-permissions', '--delay-directory-restore'],
  ...['--xattrs', '--xattrs-include=*', '--xattrs-exclude=security.selinux'],
  ...['--warning=no-timestamp', '--warning=no-unknown-keyword'],
];

export interface Unpacking {
  readonly directory: string;
  readonly guard: ArchiveGuard;
  /** The archive, for messages. */
  readonly what: string;
  /** Is told which files tar lists. */
  readonly reader: ArchiveReader;
  readonly lists: ListKind;
}

/**
 * Unpacks an archive into an empty directory, with owners, attributes and devices as it has them.
 *
 * @param archive its bytes, or a file that has them, not compressed
 * @param guard sees each entry, and throws for one that must not be there: unpacking then stops
 * @param what the archive, for messages and progress
 * @throws Failure that says which entry can't be unpacked, and why
 */
export async function unpack(
  host: Caller,
  archive: AsyncIterable<Uint8Array> | string,
  { directory, guard, reader, what, lists }: Unpacking,
): Promise<void> {
  const acls = lists === 'text' ? ['--acls'] : [];
  // A name with a colon would be that of another machine.
  const file = ['--force-local', `--file=${typeof archive === 'string' ? resolve(archive) : '-'}`];
  const tar = command('tar', [...options, ...acls, ...file, '--directory', directory], { env: listingEnvironment });
  const complaints: string[] = [];
  const onMessage = (line: string) => {
    const complaint = objection(line, what);
    if (complaint !== undefined) throw complaint;
    if (/Cannot |rror is not recoverable|does not look like|Skipping to next header|Unexpected EOF/.test(line))
      complaints.push(line);
  };
  let told = 0;
  let refused: unknown;
  async function* watched(): AsyncGenerator<Uint8Array> {
    try {
      if (typeof archive !== 'string') yield* archive;
    } catch (error) {
      refused = error;
      throw error;
    }
  }
  const lines = new Lines((line) => {
    if (ofParents.test(line)) return;
    try {
      const entry = parseListing(line);
      guard.take(entry);
      if (entry.type === 'file') reader.list(entry.name, entry.size);
    } catch (error) {
      refused = error;
      throw error;
    }
    if (guard.count - told < 500) return;
    told = guard.count;
    host.log.progress({ text: `Unpacking ${what}: ${told} entries` });
  });
  try {
    await pipeline(watched(), filter(host, tar, { onMessage }), async (listing: AsyncIterable<Buffer>) => {
      for await (const chunk of listing) lines.write(chunk);
      lines.end();
    });
  } catch (error) {
    const [first] = complaints;
    if (!(error instanceof Failure) || error === refused || first === undefined) throw error;
    throw new Failure(`${what} can't be unpacked: ${readably(first)}`, { cause: error });
  }
  // Attributes that can't be set are no error for tar.
  const [lost] = complaints;
  if (lost === undefined) return;
  throw new Failure(`${what} can't be unpacked as it is: ${readably(lost)}`, {
    hint: /'trusted\.|'security\./.test(lost) ? 'Only root can set such attributes: import it as root.' : undefined,
  });
}

/** What tar lists of directories that the archive has no entries of. */
const ofParents = /^d[-rwxstST]{9} +Creating directory: "/;

/** What tar says of an entry that it makes harmless, and goes on. The paths of all others are listed as they are. */
function objection(line: string, what: string): Failure | undefined {
  const [, stripped] = /Removing leading [`'](.*)' from hard link targets/.exec(line) ?? [];
  if (stripped !== undefined) {
    return new Failure(`${what}: a hard link to a path that begins with '${stripped}' would leave the tree`);
  }
  const [, name] = /^tar: "(.*)": Member name contains '\.\.'/.exec(line) ?? [];
  if (name === undefined) return undefined;
  return new Failure(`${what}: entry ${readable(unquoted(name))}: a path with '..' would leave the tree`);
}

/** A message of tar's, with the names in it as people read them. */
function readably(message: string): string {
  return message
    .replace(/^tar: /, '')
    .replace(/"((?:[^"\\]|\\.)*)"/, (_, quoted: string) => readable(unquoted(quoted)));
}
