import { open } from 'node:fs/promises';
import { naming } from './errno.js';

/** Bytes that are written at once: with few calls, a program's output takes little of the thread that reads it. */
const pieceSize = 1024 * 1024;

/**
 * The last stage of a pipeline(3), which writes a file: one piece is gathered while the one before it is written. A chunk is
 * copied, so the stage before may use its memory again.
 *
 * @param path is made, or emptied
 * @returns a function that writes what it is given, and is done when all of it is written
 * @throws the error of the source, or that of the file with its path, as ENOSPC; the file stays then
 */
export function fileSink(path: string): (source: AsyncIterable<Uint8Array>) => Promise<void> {
  return async (source) => {
    const file = await open(path, 'w');
    let writing: Promise<void> = Promise.resolve();
    try {
      let [gathered, spare] = [Buffer.allocUnsafeSlow(pieceSize), Buffer.allocUnsafeSlow(pieceSize)];
      let length = 0;
      const write = async () => {
        await writing;
        // From where the one before it ended.
        writing = file.writeFile(gathered.subarray(0, length)).catch((error: unknown) => {
          throw naming(path, error);
        });
        // It is awaited with the next piece.
        writing.catch(() => undefined);
        [gathered, spare, length] = [spare, gathered, 0];
      };
      for await (const chunk of source) {
        for (let at = 0; at < chunk.length;) {
          const part = chunk.subarray(at, at + pieceSize - length);
          gathered.set(part, length);
          length += part.length;
          at += part.length;
          if (length === pieceSize) await write();
        }
      }
      await write();
      await writing;
    } finally {
      await writing.catch(() => undefined);
      await file.close();
    }
  };
}
