import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { headersOf, padding, trailer } from '../layers/export/tar-format.js';

/** A file of an archive: text, or what is in another file. */
export interface Member {
  readonly name: string;
  readonly content: string | { readonly file: string };
}

/** An archive of files, in this order, all with one time and no owner. @param time seconds since 1970 */
export async function* archiveOf(members: readonly Member[], time: number): AsyncGenerator<Buffer> {
  for (const { name, content } of members) {
    const size = typeof content === 'string' ? Buffer.byteLength(content) : (await stat(content.file)).size;
    const isDirectory = name.endsWith('/');
    yield headersOf({
      path: name,
      type: isDirectory ? 'dir' : 'file',
      mode: isDirectory ? 0o755 : 0o644,
      owner: { uid: 0, gid: 0 },
      size,
      modified: time,
    });
    if (typeof content === 'string') yield Buffer.from(content);
    else for await (const chunk of createReadStream(content.file, { highWaterMark: 2 ** 20 })) yield chunk as Buffer;
    yield padding(size);
  }
  yield trailer;
}
