import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export const program = fileURLToPath(new URL('../../bin/image-factory', import.meta.url));

/** A directory of its own for a test; root's is closed to all others, as a home directory is. */
export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'image-factory-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/**
 * What the files of an image's build begin with, `IMAGE-YYYY-MM-DD`, by what lies in the output directory: it may be
 * past midnight by now.
 */
export function baseNameIn(directory: string, image = 'demo'): string {
  const dated = new RegExp(`^\\.?(${image}-\\d{4}-\\d\\d-\\d\\d)\\.`);
  const names = readdirSync(directory);
  const base = names.map((name) => dated.exec(name)?.[1]).find((found) => found !== undefined);
  if (base === undefined)
    throw new Error(`no build of ${image} has left anything in ${directory}: ${names.join(', ')}`);
  return base;
}

/** The work directory of an image's build, which {@link leftovers} tells. */
export function workDirectoryIn(directory: string, image = 'demo'): string {
  return `.${baseNameIn(directory, image)}.build`;
}

/** What a build tells as JSON. */
export interface LogEvent {
  readonly event: string;
  readonly stage?: string;
  readonly text?: string;
  readonly message?: string;
  readonly level?: string;
}

/** A build that runs as a process of its own, and can be watched and interrupted at a stage. */
export class RunningBuild {
  readonly #process: ChildProcess;
  readonly events: LogEvent[] = [];
  /** What it said that was no log. */
  said = '';

  constructor(args: readonly string[], options: { env?: NodeJS.ProcessEnv; command?: readonly string[] } = {}) {
    const [file = program, ...first] = options.command ?? [program];
    this.#process = spawn(file, [...first, ...args, '--log-format', 'json'], { env: options.env ?? process.env });
    let rest = '';
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('{')) this.#note(JSON.parse(line) as LogEvent);
        else this.said += `${line}\n`;
      }
    });
  }

  #onEvent: (event: LogEvent) => void = () => undefined;

  #note(event: LogEvent): void {
    this.events.push(event);
    this.#onEvent(event);
  }

  /** Does something, once, as soon as the log tells something. */
  at(when: (event: LogEvent) => boolean, action: () => void): void {
    this.#onEvent = (event) => {
      if (!when(event)) return;
      this.#onEvent = () => undefined;
      action();
    };
  }

  signalAt(signal: NodeJS.Signals, when: (event: LogEvent) => boolean): void {
    this.at(when, () => this.signal(signal));
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The exit code, or the signal that ended it. */
  async ended(): Promise<number | NodeJS.Signals> {
    const [code, signal] = (await once(this.#process, 'close')) as [number | null, NodeJS.Signals | null];
    return code ?? signal ?? 'SIGKILL';
  }
}

/**
 * What a build of the demo may have left behind: hidden files in the output directory, domains, storage pools, loop
 * devices, disks in libvirt's directory.
 *
 * @param asBuilder stands before a command that runs as whoever built
 */
export async function leftovers(outputDirectory: string, asBuilder: readonly string[] = ['env']): Promise<string[]> {
  const [file = 'env', ...args] = asBuilder;
  const domains = await execa(file, [...args, 'virsh', 'list', '--all', '--name']);
  const pools = await execa(file, [...args, 'virsh', 'pool-list', '--all', '--name']);
  const loops = await execa('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE'], { reject: false });
  const { stdout: builder } = await execa(file, [...args, 'id', '-u']);
  const theirs = ['-mindepth', '1', '-maxdepth', '1', '-uid', builder];
  const disks = await execa('find', ['/var/lib/libvirt/images', ...theirs], { reject: false });
  const named = [domains, pools, loops, disks]
    .flatMap(({ stdout }) => stdout.split('\n'))
    .filter((name) => name.includes('demo'));
  return [...readdirSync(outputDirectory).filter((name) => name.startsWith('.')), ...named];
}
