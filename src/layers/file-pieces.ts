import { open } from 'node:fs/promises';

/** Bytes. */
const pieceSize = 2 ** 20;

/**
 * The content of a file in pieces, the next of which is read while the one before is used. The memory is used again: a
 * piece is valid only until the next one is asked for.
 *
 * @param flags of open(2)
 */
export async function* piecesOf(path: Buffer | string, flags: number): AsyncGenerator<Buffer> {
  const file = await open(path, flags);
  try {
    const read = (buffer: Buffer, position: number) => file.read(buffer, 0, pieceSize, position);
    let reading = read(Buffer.allocUnsafeSlow(pieceSize), 0);
    let spare: Buffer = Buffer.allocUnsafeSlow(pieceSize);
    for (let done = 0; ;) {
      const { buffer, bytesRead } = await reading;
      if (bytesRead === 0) return;
      done += bytesRead;
      reading = read(spare, done);
      // It is awaited in the next turn, which there may be none of.
      reading.catch(() => undefined);
      yield buffer.subarray(0, bytesRead);
      spare = buffer;
    }
  } finally {
    await file.close();
  }
}
