import { endianness } from 'node:os';

// Go's names of architectures (GOARCH), in which container images say what they are for.

/** e_machine of elf(5), for 64 bits and 32. */
const machines: Readonly<Record<number, string | undefined>> = {
  3: '386',
  8: 'mips64le',
  20: 'ppc',
  21: 'ppc64le',
  22: 's390x',
  40: 'arm',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};

/** What node calls otherwise. */
const ofNode: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  mipsel: 'mipsle',
  ppc64: endianness() === 'LE' ? 'ppc64le' : 'ppc64',
};

/** That of this machine. */
export const goArchitectureHere = ofNode[process.arch] ?? process.arch;

/** That of a program, by its first 20 bytes; undefined where they are none of a program that is known. */
export function goArchitecture(header: Buffer): string | undefined {
  if (header.length < 20 || header.toString('latin1', 0, 4) !== '\x7fELF') return undefined;
  const isLittle = header[5] === 1;
  const machine = isLittle ? header.readUInt16LE(18) : header.readUInt16BE(18);
  return machine === 21 && !isLittle ? 'ppc64' : machines[machine];
}
