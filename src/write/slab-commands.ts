import type { Extent } from '../disk/extent.js';
import { command, type Command } from '../host/host.js';
import type { SourceImage } from './source-image.js';
import type { Target } from './target.js';

/** A word of an option of QEMU, in which a comma ends the word unless it stands twice. */
const word = (text: string) => text.replaceAll(',', ',,');

/** A part of an image, for `--image-opts` (qemu-img(1); "raw" of the block drivers in qemu-system(1)). */
function partOf({ path, format }: Pick<SourceImage, 'path' | 'format'>, { start, end }: Extent): string {
  const file = format === 'raw' ? `file.driver=file,file.filename=${word(path)}` : qcow2(path);
  return `driver=raw,offset=${start},size=${end - start},${file}`;
}

const qcow2 = (path: string) => `file.driver=qcow2,file.file.driver=file,file.file.filename=${word(path)}`;

/** Past the page cache of a device: what is read is what it has. */
function placeOn({ path, kind }: Pick<Target, 'path' | 'kind'>, { start, end }: Extent): string {
  const driver = kind === 'device' ? 'host_device,file.cache.direct=on' : 'file';
  return `driver=raw,offset=${start},size=${end - start},file.driver=${driver},file.filename=${word(path)}`;
}

/** Coroutines with which qemu-img reads and decompresses. */
const coroutines = '16';

/** Writes a part of an image to the same place of the target, zeros in the way that is fastest there, and flushes. */
export function writeCommand(image: SourceImage, target: Target, extent: Extent): Command {
  const options = ['-n', '-m', coroutines, '--image-opts', '--target-image-opts'];
  return command('qemu-img', ['convert', ...options, partOf(image, extent), placeOn(target, extent)]);
}

/** Exits with 1 where the target has other bytes than the image, and says where the first one is. */
export function compareCommand(image: SourceImage, target: Target, extent: Extent): Command {
  return command('qemu-img', ['compare', '--image-opts', partOf(image, extent), placeOn(target, extent)]);
}
