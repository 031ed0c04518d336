import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Failure } from '../host/failure.js';
import { command, run, type Caller } from '../host/host.js';
import { findProgram, programs, type ProgramName } from '../host/programs.js';
import { enteringWords, isInUserNamespace } from './enter.js';

/** An architecture whose programs may be foreign to this machine. */
export interface ForeignArchitecture {
  readonly name: string;
  readonly programEmulator: ProgramName;
  readonly elfMachine: number;
}

/** https://docs.kernel.org/admin-guide/binfmt-misc.html */
const registry = '/proc/sys/fs/binfmt_misc';

const mountRegistry = ['-t', 'binfmt_misc', 'binfmt_misc', registry];

/** Whether the kernel runs programs of an architecture for everybody, by a registration of the system's. */
export function isRegistered({ name }: Pick<ForeignArchitecture, 'name'>): boolean {
  return existsSync(`${registry}/qemu-${name}`);
}

/**
 * Lets the kernel run programs of a foreign architecture in this process and what it starts, by QEMU. Since Linux 6.7 a
 * user namespace may have a registry of its own, so nothing changes for the rest of the machine. QEMU is opened now, so
 * that it is found in every tree.
 *
 * @throws Failure if the kernel has no such registry
 */
export async function emulatePrograms(caller: Caller, architecture: ForeignArchitecture): Promise<void> {
  if (isRegistered(architecture)) return;
  await run(caller, command('mount', mountRegistry));
  await writeFile(`${registry}/register`, registration(architecture, findProgram(architecture.programEmulator) ?? ''));
}

/** Programs of 64 bits with the lowest byte first, executables and shared objects alike. */
function registration({ name, elfMachine }: ForeignArchitecture, emulator: string): string {
  const machine = [elfMachine & 0xff, elfMachine >> 8];
  const magic = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, ...Array<number>(9).fill(0), 2, 0, ...machine];
  const mask = [...Array<number>(7).fill(0xff), 0, ...Array<number>(8).fill(0xff), 0xfe, 0xff, 0xff, 0xff];
  const text = (bytes: readonly number[]) => bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  // O: QEMU gets the opened program; C: rights of set-uid programs; F: QEMU is opened at once.
  return `:qemu-${name}:M::${text(magic)}:${text(mask)}:${emulator}:OCF`;
}

/** Why programs of a foreign architecture can't be run in a tree here, and what to do; undefined where they can. */
export async function whyNotEmulated(caller: Caller, architecture: ForeignArchitecture): Promise<string | undefined> {
  if (isRegistered(architecture)) return undefined;
  const { name, programEmulator } = architecture;
  const none = `this machine runs no programs of ${name}, and so can't change a tree of them`;
  if (findProgram(programEmulator) === undefined) {
    return `${none}; install ${programs[programEmulator].package}, or build it on such a machine`;
  }
  const advice = `register ${programEmulator} with the kernel (the package binfmt-support does it), or build it on such a machine`;
  if (!(await isInUserNamespace())) {
    if (process.getuid?.() === 0) return `${none} as root; build it as an ordinary user, ${advice}`;
  }
  const [file, ...words] = enteringWords();
  try {
    await run(caller, command(file, [...words, 'mount', ...mountRegistry]));
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return `${none}: the kernel has no binfmt_misc for user namespaces, which came with Linux 6.7; ${advice}`;
  }
}
