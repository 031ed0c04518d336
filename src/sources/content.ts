import { open, type FileHandle } from 'node:fs/promises';

/** What a file must hold for an installation to begin with it. */
export type Content = 'kernel' | 'initrd' | 'medium';

interface Mark {
  /** In bytes, from the beginning. */
  readonly at: number;
  /** Bytes, one a character. */
  readonly bytes: string;
}

const at = (position: number, bytes: string): Mark => ({ at: position, bytes });

/** How the kernel packs an initrd, and some architectures their kernel: lib/decompress.c and usr/Kconfig of Linux. */
const packed: readonly Mark[] = [
  at(0, '\x1f\x8b'), // gzip
  at(0, '\xfd7zXZ\0'), // xz
  at(0, '\x28\xb5\x2f\xfd'), // zstd
  at(0, '\x02\x21\x4c\x18'), // lz4, as the kernel knows it
  at(0, '\x04\x22\x4d\x18'), // lz4
  at(0, '\x5d\0\0'), // lzma
  at(0, 'BZh'), // bzip2
  at(0, '\x89LZO'), // lzo
];

const marks: Readonly<Record<Content, readonly Mark[]>> = {
  kernel: [
    at(0x202, 'HdrS'), // x86: Documentation/arch/x86/boot.rst
    at(0, 'MZ'), // EFI stub, of all architectures: Documentation/admin-guide/efi-stub.rst
    at(0x38, 'ARM\x64'), // Documentation/arch/arm64/booting.rst
    at(0x38, 'RSC\x05'), // Documentation/arch/riscv/boot-image-header.rst
    at(0x24, '\x18\x28\x6f\x01'), // 32-bit ARM: arch/arm/boot/compressed/head.S
    at(0, '\x7fELF'), // POWER
    at(0x10008, 'S390EP'), // arch/s390/boot/head.S
    ...packed,
  ],
  initrd: [
    at(0, '070701'), // cpio newc, processor microcode among it: Documentation/driver-api/early-userspace/buffer-format.rst
    at(0, '070702'), // the same with checksums
    ...packed,
  ],
  medium: [at(0x8001, 'CD001')], // ISO 9660 (ECMA-119, 8.1.2)
};

/** For messages. */
const names: Readonly<Record<Content, string>> = {
  kernel: 'a Linux kernel',
  initrd: 'an initrd',
  medium: 'an installation medium (ISO 9660)',
};

/**
 * Looks whether a file can be what it is taken for: a mirror or a proxy may answer with a page, and a section may name
 * the wrong file.
 *
 * @returns what is wrong with it, to follow its name; undefined for a file that has the marks of that content
 */
export async function contentFault(content: Content, path: string): Promise<string | undefined> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size === 0) return 'it is empty';
    if (await hasMarkOf(file, content)) return undefined;
    const others = Object.keys(marks) as Content[];
    for (const other of others) {
      if (await hasMarkOf(file, other)) return `it is not ${names[content]}, but ${names[other]}`;
    }
    return `it is not ${names[content]}, but ${described(await read(file, 0, 512))}`;
  } finally {
    await file.close();
  }
}

async function hasMarkOf(file: FileHandle, content: Content): Promise<boolean> {
  for (const { at: position, bytes } of marks[content]) {
    if ((await read(file, position, bytes.length)) === bytes) return true;
  }
  return false;
}

/** Bytes of a file, one a character; fewer where it ends before. */
async function read(file: FileHandle, position: number, length: number): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.toString('latin1', 0, bytesRead);
}

function described(text: string): string {
  const isPage =
    /^(?:\xef\xbb\xbf)?\s*(?:<!--[^]*?-->\s*)?<(?:!doctype\s+html|\?xml|html|head|body|title|script)\b/i.test(text);
  if (isPage) return 'a web page';
  const line = /^[\x20-\x7e\t]+(?=\r?\n|$)/.exec(text)?.[0];
  if (line !== undefined) return `a text that begins with '${line.slice(0, 60)}'`;
  return `a file that begins with the bytes ${Buffer.from(text.slice(0, 8), 'latin1').toString('hex')}`;
}
