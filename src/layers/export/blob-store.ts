import { createHash } from 'node:crypto';
import { mkdir, open, rename, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { naming } from '../../host/errno.js';
import { fileSink } from '../../host/file-sink.js';
import { headersOf, padding, trailer } from './tar-format.js';

/** The SHA-256 of a blob, in hexadecimal, and its length in bytes. */
export interface Blob {
  readonly digest: string;
  readonly size: number;
}

/** Where the files of a container image are written: a directory, or an archive. */
export interface BlobStore {
  /**
   * To be called for each directory before what is in it. Readers make those that an archive does not name themselves, and an
   * ordinary user's skopeo then fails: it gives them to root.
   */
  makeDirectory(path: string): Promise<void>;
  /** Writes bytes of which the digest is known only in the end. @param nameOf the path for that digest */
  add(source: AsyncIterable<Uint8Array>, nameOf: (digest: string) => string): Promise<Blob>;
  put(path: string, content: Buffer): Promise<Blob>;
  /** To be called once, when all is written. */
  end(): Promise<void>;
  /** To be called in any case. */
  close(): Promise<void>;
}

/** @param directory is made */
export async function directoryStore(directory: string): Promise<BlobStore> {
  await mkdir(directory, { recursive: true });
  return {
    makeDirectory: (path) => mkdir(join(directory, path)),
    async add(source, nameOf) {
      const unfinished = join(directory, 'blobs/unfinished');
      const { blob, counted } = counting(source);
      await pipeline(counted, fileSink(unfinished));
      await rename(unfinished, join(directory, nameOf(blob().digest)));
      return blob();
    },
    async put(path, content) {
      const file = join(directory, path);
      await writeFile(file, content).catch((error: unknown) => {
        throw naming(file, error);
      });
      return blobOf(content);
    },
    end: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/**
 * An archive that is written once: the header of a member is put before its content when its name and size are known.
 *
 * @param modified the time of all members, in seconds since 1970
 */
export async function archiveStore(path: string, modified: number): Promise<BlobStore> {
  const file = await open(path, 'w');
  let end = 0;
  const writeAt = (content: Uint8Array, position: number) =>
    writeWhole(file, content, position).catch((error: unknown) => {
      throw naming(path, error);
    });
  const write = async (content: Uint8Array) => {
    await writeAt(content, end);
    end += content.length;
  };
  const root = { uid: 0, gid: 0 };
  const header = (name: string, size: number) =>
    headersOf({ path: name, type: 'file', mode: 0o644, owner: root, size, modified });
  return {
    makeDirectory: (name) =>
      write(headersOf({ path: `${name}/`, type: 'dir', mode: 0o755, owner: root, size: 0, modified })),
    async add(source, nameOf) {
      const start = end;
      end += header('', 0).length;
      const { blob, counted } = counting(source);
      for await (const chunk of counted()) await write(chunk);
      const { digest, size } = blob();
      await write(padding(size));
      const whole = header(nameOf(digest), size);
      if (whole.length !== header('', 0).length)
        throw new Error(`a layer of ${size} bytes is too large for an archive`);
      await writeAt(whole, start);
      return blob();
    },
    async put(name, content) {
      await write(Buffer.concat([header(name, content.length), content, padding(content.length)]));
      return blobOf(content);
    },
    end: () => write(trailer),
    close: () => file.close(),
  };
}

async function writeWhole(file: FileHandle, content: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < content.length;) {
    done += (await file.write(content, done, content.length - done, position + done)).bytesWritten;
  }
}

function blobOf(content: Buffer): Blob {
  return { digest: createHash('sha256').update(content).digest('hex'), size: content.length };
}

function counting(source: AsyncIterable<Uint8Array>): {
  blob: () => Blob;
  counted: () => AsyncGenerator<Uint8Array>;
} {
  const hash = createHash('sha256');
  let size = 0;
  let digest: string | undefined;
  return {
    blob: () => ({ digest: (digest ??= hash.digest('hex')), size }),
    async *counted() {
      for await (const chunk of source) {
        hash.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    },
  };
}
