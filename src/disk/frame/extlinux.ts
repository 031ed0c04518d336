import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../host/failure.js';
import { run, type Caller } from '../../host/host.js';
import { withScratchDirectory } from '../../host/scratch-directory.js';
import { bytesOf, debugfsCommand, quotePath } from '../ext-directory.js';

// extlinux is started from the boot area of its file system, which knows by sector numbers where its file ldlinux.sys
// lies. In a new file system that lies elsewhere: the numbers are written again, as `extlinux --install` writes them
// (syslinux 6.04, libinstaller/syslxmod.c and syslxint.h).

const sector = 512;
/** What marks the patch area in ldlinux.sys: LDLINUX_MAGIC. */
const magic = 0x3eb202fe;
/** Sectors at the end of the file that hold auxiliary data. */
const advSectors = 2;
/** Where the second sector is loaded; an extent may not cross 64 KiB of memory. */
const loadAddress = 0x8000;
const directories = ['/boot/extlinux', '/boot/syslinux', '/extlinux', '/syslinux', '/boot', ''];

interface ExtlinuxVolume {
  readonly file: string;
  /** Bytes. */
  readonly offset: number;
  /** The boot area as it was. */
  readonly boot: Buffer;
}

/**
 * Makes extlinux find its file in an ext file system that was made again. The boot area of other boot loaders stays as
 * it is.
 *
 * @returns the boot area for it
 */
export async function installExtlinux(host: Caller, volume: ExtlinuxVolume): Promise<Buffer> {
  const { file, offset, boot } = volume;
  // The name in the boot area: SYSLINUX in today's releases.
  if (!/^(?:SYS|EXT)LINUX$/.test(boot.toString('latin1', 3, 11))) return boot;
  const device = { disk: file, offset };
  const install = async (scratch: string) => {
    for (const directory of directories) {
      const path = `${directory}/ldlinux.sys`;
      const copy = join(scratch, 'ldlinux.sys');
      const asked = ['show_super_stats -h', `dump ${quotePath(path)} ${quotePath(bytesOf(copy))}`];
      const { stdout } = await run(host, debugfsCommand(device, asked, 'read'));
      const image = await readFile(copy).catch(() => undefined);
      if (image === undefined || image.length === 0) continue;
      const blockSize = Number(/^Block size: +(\d+)/m.exec(stdout)?.[1] ?? 4096);
      const blocks = await blocksOf(host, device, path, Math.ceil(image.length / blockSize));
      const sectors = Array.from({ length: Math.ceil(image.length / sector) }, (_, index) => {
        const at = index * sector;
        return ((blocks[Math.floor(at / blockSize)] ?? 0) * blockSize + (at % blockSize)) / sector;
      });
      const patched = patch(boot, image, sectors);
      await writeBlocks(volume, patched.image, blocks, blockSize);
      return patched.boot;
    }
    return undefined;
  };
  const area = await withScratchDirectory('extlinux', install, host.scratch);
  if (area !== undefined) return area;
  throw new Failure("extlinux is in the boot area of the parent's disk, and its file ldlinux.sys is not in the tree", {
    hint: 'Leave the directory of the boot loader as it is in the parent.',
  });
}

async function blocksOf(
  host: Caller,
  device: { disk: string; offset: number },
  path: string,
  count: number,
): Promise<number[]> {
  const asked = Array.from({ length: count }, (_, index) => `bmap ${quotePath(path)} ${index}`);
  const { stdout } = await run(host, debugfsCommand(device, asked, 'read'));
  const blocks = [...stdout.matchAll(/^(\d+)/gm)].map(([, number]) => Number(number));
  if (blocks.length === count && !blocks.includes(0)) return blocks;
  throw new Failure(`${path}: can't tell where its ${count} blocks lie`);
}

/** Writes the sector numbers of a file into its own head and into the boot area. */
export function patch(
  boot: Buffer,
  image: Buffer,
  sectors: readonly number[],
): { readonly boot: Buffer; readonly image: Buffer } {
  const [area, code] = [Buffer.from(boot), Buffer.from(image)];
  const at = findMagic(code);
  const words = code.readUInt32LE(at + 12);
  const extended = code.readUInt16LE(at + 22);
  const field = (index: number) => code.readUInt16LE(extended + 2 * index);
  const [first = 0, ...rest] = sectors;
  area.writeUInt32LE(first % 2 ** 32, field(7));
  area.writeUInt32LE(Math.floor(first / 2 ** 32), field(8));
  const data = rest.slice(0, rest.length - advSectors);
  const extents = extentsOf(data);
  const [pointers, room] = [field(5), field(6)];
  if (extents.length > room) throw new Failure(`ldlinux.sys lies in ${extents.length} pieces, and it may have ${room}`);
  code.fill(0, pointers, pointers + room * 10);
  for (const [index, { lba, length }] of extents.entries()) {
    code.writeBigUInt64LE(BigInt(lba), pointers + index * 10);
    code.writeUInt16LE(length, pointers + index * 10 + 8);
  }
  for (const [index, number] of rest.slice(-advSectors).entries()) {
    code.writeBigUInt64LE(BigInt(number), field(0) + index * 8);
  }
  code.writeUInt32LE(0, at + 16);
  let sum = magic;
  for (let word = 0; word < words; word++) sum = (sum - code.readUInt32LE(word * 4)) >>> 0;
  code.writeUInt32LE(sum, at + 16);
  return { boot: area, image: code };
}

function findMagic(code: Buffer): number {
  for (let at = 0; at + 24 < code.length; at += 4) if (code.readUInt32LE(at) === magic) return at;
  throw new Failure('ldlinux.sys is no file of extlinux: there is no patch area in it');
}

/** Runs of sectors, none of which crosses 64 KiB of the memory that it is loaded to. */
function extentsOf(sectors: readonly number[]): { lba: number; length: number }[] {
  const extents: { lba: number; length: number }[] = [];
  let base = 0;
  for (const [index, lba] of sectors.entries()) {
    const address = loadAddress + index * sector;
    const last = extents.at(-1);
    const bytes = ((last?.length ?? 0) + 1) * sector;
    const isNext = last !== undefined && lba === last.lba + last.length && bytes < 65536;
    if (isNext && ((address ^ (base + bytes - 1)) & 0xffff0000) === 0) last.length++;
    else {
      extents.push({ lba, length: 1 });
      base = address;
    }
  }
  return extents;
}

async function writeBlocks(
  { file, offset }: ExtlinuxVolume,
  image: Buffer,
  blocks: readonly number[],
  blockSize: number,
): Promise<void> {
  const disk = await open(file, 'r+');
  try {
    for (const [index, block] of blocks.entries()) {
      const bytes = image.subarray(index * blockSize, (index + 1) * blockSize);
      await disk.write(bytes, 0, bytes.length, offset + block * blockSize);
    }
  } finally {
    await disk.close();
  }
}
