import type { ImageSpec } from '../config/image-spec.js';
import { command, type Command } from '../host/host.js';

/** Coroutines with which qemu-img reads, compresses and writes: the most that it takes. */
const coroutines = '16';

/**
 * Converts a raw disk to qcow2. Compressed clusters are written as they get ready (-W): the guest sees no difference,
 * and every processor compresses.
 */
export function convertToQcow2Command(raw: string, qcow2: string, compression: ImageSpec['compression']): Command {
  const compress = compression === 'none' ? [] : ['-c', '-o', `compression_type=${compression}`];
  return command('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', '-W', '-m', coroutines, ...compress, raw, qcow2]);
}
