import { readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { shellLine } from '../../src/host/host.js';
import type { Outcome } from './both-programs.js';

/** One call of a stand-in. */
export interface Call {
  readonly program: string;
  /** Where it ran. */
  readonly directory: string;
  readonly args: readonly string[];
}

/** Reads what test/compat/stand-in notes: fields that end in NUL, records that end in RS and NUL. */
export function readCalls(text: string): Call[] {
  return text
    .split('\x1e\0')
    .slice(0, -1)
    .map((record) => {
      const [program = '', directory = '', ...args] = record.split('\0').slice(0, -1);
      return { program, directory, args };
    });
}

/** Every call of these programs that does something: ours asks each for its version, too, for the manifest. */
export function callsOf({ calls }: Outcome, ...programs: string[]): Call[] {
  return calls.filter(({ program, args }) => programs.includes(program) && args[0] !== '--version');
}

/** A text in which nothing tells the run: neither its directories nor the date. */
export function anonymous(text: string, { home, directory }: Pick<Outcome, 'home' | 'directory'>): string {
  return (
    text
      .replaceAll(home, '~')
      .replaceAll(directory, '.')
      .replace(/\d{4}-\d{2}-\d{2}/g, 'DATE')
      // Our domains have a hash of the directory in their names, so that builds in several directories don't meet.
      .replace(/(?<=-DATE)-[0-9a-f]{8}(?=\.(?:raw|boot)\b)/g, '')
  );
}

/** The kernels that lie where the run was at home or worked: `~/netboot/image/linux`. */
export function cachedFiles(outcome: Outcome): string[] {
  return [outcome.home, outcome.directory].flatMap((directory) =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => basename(name) === 'linux')
      .map((name) => anonymous(join(directory, name), outcome)),
  );
}

/** A call as a line that a shell would take for the same words, and where it ran. */
export function line({ program, args, directory }: Call, outcome: Outcome): string {
  return anonymous(`${directory}$ ${shellLine({ file: program, args })}`, outcome);
}

/** What happens to a finished image: uploads and hooks. */
export function publishing(outcome: Outcome): string[] {
  const fetches = ({ args }: Call) => args.includes('--no-motd');
  return callsOf(outcome, 'rsync', 'ssh', 'hook')
    .filter((call) => !fetches(call))
    .map((call) => line(call, outcome));
}

/** The size, in bytes, that qemu-img is asked for; undefined if no disk was created. */
export function diskSize(outcome: Outcome): number | undefined {
  const create = callsOf(outcome, 'qemu-img').find(({ args }) => args[0] === 'create');
  const [, digits, unit = ''] = /^([\d.]+)([KMG]?)$/.exec(create?.args.at(-1) ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits) * 1024 ** ['', 'K', 'M', 'G'].indexOf(unit);
}

/**
 * What a call of virt-install asks for, by what is asked: `memory` is `1024`, `disk bus` is `virtio`, `noreboot` is
 * true. Files that each program keeps where it wants to are told by their last names. The kernel's arguments are a list;
 * Those for emulation stand for themselves, with the argument before them.
 */
export function installationOf(outcome: Outcome): Record<string, unknown> {
  const [call, ...others] = callsOf(outcome, 'virt-install');
  if (call === undefined || others.length > 0) throw new Error(`${others.length + 1} calls of virt-install?`);
  const asked: Record<string, unknown> = {};
  const note = (what: string, value: unknown) => {
    if (what in asked) throw new Error(`virt-install is asked for '${what}' twice`);
    asked[what] = typeof value === 'string' ? anonymous(value, outcome) : value;
  };
  for (const { option, value } of optionsOf(call.args)) {
    const file = (name: string) => basename(resolve(call.directory, name));
    if (value === undefined) note(option, true);
    else if (option === 'extra-args') {
      const words = anonymous(value, outcome).split(/\s+/).filter(Boolean);
      words.forEach((word, index) => {
        if (forEmulation.has(word)) note(`${option} ${word}`, `behind ${words[index - 1]}`);
      });
      note(
        option,
        words.filter((word) => !forEmulation.has(word)),
      );
    } else if (option === 'initrd-inject') note(option, file(value));
    else if (!withSubOptions.has(option)) note(option, value);
    else {
      for (const [name, sub] of subOptionsOf(value)) {
        if (name === 'path') note(`${option} path`, file(sub));
        else if (option === 'location' && name === '') note(option, resolve(call.directory, sub));
        else note(name === '' ? option : `${option} ${name}`, sub);
      }
    }
  }
  return asked;
}

const forEmulation = new Set(['norandmaps', 'no_timer_check']);

const withSubOptions = new Set([
  'disk',
  'network',
  'graphics',
  'console',
  'serial',
  'location',
  'osinfo',
  'cpu',
  'rng',
]);

function optionsOf(args: readonly string[]): { option: string; value: string | undefined }[] {
  return args.flatMap((arg, index) => {
    if (!arg.startsWith('--')) {
      if (args[index - 1]?.startsWith('--')) return [];
      throw new Error(`virt-install gets '${arg}', which belongs to no option`);
    }
    const next = args[index + 1];
    return [{ option: arg.slice(2), value: next?.startsWith('--') ? undefined : next }];
  });
}

/** `user,model=virtio` as virt-install reads it: a name before each value, but for the first. */
function subOptionsOf(value: string): [name: string, value: string][] {
  return value.split(/(?<!\\),/).map((part) => {
    const [name, ...rest] = part.split('=');
    return rest.length === 0 ? ['', part] : [name ?? '', rest.join('=')];
  });
}
