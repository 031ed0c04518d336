import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bootCode, coreImageAt } from '../../src/disk/make/boot/grub-image.js';
import { makeDisk, program } from './disk.js';

/** The first sector of the first partition that {@link makeDisk} makes. */
const firstSector = 2048;

/** A disk that boots within seconds, and has nothing but a GRUB for each firmware that is asked for, and maybe a tree. */
export function grubDisk(
  disk: string,
  says: { readonly bios?: string; readonly uefi?: string; readonly content?: string },
): void {
  const directory = dirname(disk);
  makeDisk(disk, 'gpt', [
    { type: '21686148-6449-6E6F-744E-656564454649', size: 1 },
    { type: 'U', size: 8, fileSystem: 'vfat' },
    { type: 'L', size: 12, fileSystem: 'ext4', ...(says.content === undefined ? {} : { content: says.content }) },
  ]);
  if (says.bios !== undefined) {
    const core = grubImage(
      join(directory, 'core.img'),
      'i386-pc',
      ['biosdisk', 'serial', 'terminal'],
      ['serial --unit=0 --speed=115200', 'terminal_output serial', ...login(says.bios)],
    );
    const file = openSync(disk, 'r+');
    try {
      const code = bootCode(readFileSync('/usr/lib/grub/i386-pc/boot.img'), firstSector);
      writeSync(file, code, 0, code.length, 0);
      const placed = coreImageAt(core, firstSector);
      writeSync(file, placed, 0, placed.length, firstSector * 512);
    } finally {
      closeSync(file);
    }
  }
  if (says.uefi !== undefined) {
    const tree = join(directory, 'esp');
    mkdirSync(join(tree, 'EFI/BOOT'), { recursive: true });
    grubImage(join(tree, 'EFI/BOOT/BOOTX64.EFI'), 'x86_64-efi', [], login(says.uefi));
    // The second partition begins where the first one, of a MiB, ends.
    program('mcopy', ['-s', '-i', `${disk}@@${firstSector * 512 + 2 ** 20}`, join(tree, 'EFI'), '::/']);
  }
}

/** What shows the prompt of a machine, and waits. */
function login(name: string): string[] {
  return [`echo "${name} login: "`, 'sleep 3600'];
}

function grubImage(file: string, format: string, modules: readonly string[], lines: readonly string[]): Buffer {
  const configuration = `${file}.cfg`;
  writeFileSync(configuration, `${lines.join('\n')}\n`);
  program('grub-mkimage', [
    ...['--format', format, '--output', file, '--prefix', '/', '--config', configuration],
    ...['echo', 'sleep', ...modules],
  ]);
  return readFileSync(file);
}
