import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Failure } from '../../host/failure.js';
import { filter } from '../../host/filter.js';
import { command, type Caller } from '../../host/host.js';
import { ratioCountsFrom, type ArchiveLimits } from './archive-limits.js';

export type Compression = 'none' | 'gzip' | 'xz' | 'zstd' | 'bzip2';

const magics: readonly (readonly [Compression, string])[] = [
  ['gzip', '1f8b'],
  ['xz', 'fd377a585a00'],
  ['zstd', '28b52ffd'],
  ['bzip2', '425a68'],
];

/** How a file is compressed, by its first bytes. */
export async function compressionOf(path: string): Promise<Compression> {
  return compressionBy(await firstBytes(path, 6));
}

function compressionBy(bytes: Buffer): Compression {
  const hex = bytes.toString('hex');
  return magics.find(([, magic]) => hex.startsWith(magic))?.[0] ?? 'none';
}

/** The first bytes of a file: fewer than asked for, if it is shorter. */
export async function firstBytes(path: string, count: number, position = 0): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, position);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * Decompresses an archive as it comes, whichever compression its first bytes tell.
 *
 * @param what the archive, for messages
 * @throws Failure if it becomes larger than the limits allow, or can't be decompressed
 */
export async function* decompressed(
  host: Caller,
  source: AsyncIterable<Uint8Array>,
  { what, limits }: { readonly what: string; readonly limits: ArchiveLimits },
): AsyncGenerator<Uint8Array> {
  let read = 0;
  const input = source[Symbol.asyncIterator]();
  const first = await input.next();
  if (first.done) throw new Failure(`${what} is empty`);
  async function* counted(): AsyncGenerator<Uint8Array> {
    for (let part: IteratorResult<Uint8Array> = first; !part.done; part = await input.next()) {
      read += part.value.length;
      yield part.value;
    }
  }
  const compression = compressionBy(Buffer.from(first.value.subarray(0, 6)));
  let written = 0;
  for await (const chunk of decompress(host, compression, counted(), what)) {
    written += chunk.length;
    if (written > limits.size + tarOverhead(limits)) {
      throw new Failure(`${what}: more than ${limits.size} bytes when decompressed`, {
        hint: 'If you trust it, raise the limit with --max-size.',
      });
    }
    if (written > ratioCountsFrom && written > read * limits.ratio) {
      throw new Failure(`${what}: more than ${limits.ratio} times its compressed size when decompressed`, {
        hint: 'If you trust it, decompress it yourself and import that.',
      });
    }
    yield chunk;
  }
}

/** What headers and padding may add to the bytes of files. */
function tarOverhead({ entries }: ArchiveLimits): number {
  return entries * 4096;
}

function decompress(
  host: Caller,
  compression: Compression,
  source: AsyncIterable<Uint8Array>,
  what: string,
): AsyncIterable<Uint8Array> {
  switch (compression) {
    case 'none':
      return source;
    case 'gzip':
      return gunzipped(source, what);
    case 'xz':
      return filter(host, command('xz', ['--decompress', '--stdout', '--quiet']))(source);
    case 'zstd':
      return filter(host, command('zstd', ['--decompress', '--stdout', '--quiet', '--long=31']))(source);
    case 'bzip2':
      throw new Failure(`${what} is compressed with bzip2, and only gzip, xz and zstd are known`, {
        hint: 'Decompress it: bunzip2.',
      });
  }
}

async function* gunzipped(source: AsyncIterable<Uint8Array>, what: string): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  const input = Readable.from(source, { objectMode: false });
  input.once('error', (error) => gunzip.destroy(error));
  try {
    for await (const chunk of input.pipe(gunzip)) yield chunk as Uint8Array;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') !== true) throw error;
    throw new Failure(`${what} can't be decompressed: ${(error as Error).message}`, { cause: error });
  } finally {
    input.destroy();
  }
}
