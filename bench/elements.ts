import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { execa } from 'execa';
import { applyElements } from '../src/elements/apply-elements.js';
import { Failure, UsageError } from '../src/host/failure.js';
import { ReleaseStack } from '../src/host/release-stack.js';
import { enteringWords } from '../src/sandbox/enter.js';
import { groups } from './elements-groups.js';

/*
 * Applies diskimage-builder's elements, unmodified, to a system, and writes which of them work into docs/elements.md:
 *
 *     mmdebstrap --mode=unshare --variant=minbase \
 *       --include=systemd-sysv,python3,sudo,gnupg,ca-certificates,kmod,linux-image-cloud-amd64 trixie trixie.tar
 *     npx tsx bench/elements.ts trixie.tar DIR/diskimage_builder/elements
 *
 * As an ordinary user with subordinate ids, or as root. An element works if all hooks of its build pass, and the tree has
 * what the element is for. The one whose hook fails is left out, and the others are tried again.
 */
const [archive = '', elementPath = '', output = join(import.meta.dirname, '../docs/elements.md')] = process.argv
  .slice(2)
  .map((path) => resolve(path));
const entered = 'ELEMENTS_BENCH_USER';
if (process.env[entered] === undefined) {
  const [file = '', ...words] = enteringWords();
  const args = [...words, process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { uid, username } = userInfo();
  const env = { ...process.env, [entered]: uid === 0 ? 'root' : `${username === '' ? uid : 'an ordinary user'}` };
  process.exit(spawnSync(file, args, { stdio: 'inherit', env }).status ?? 1);
}

interface Verdict {
  readonly element: string;
  readonly works: boolean;
  readonly what: string;
}

const log = { debug() {}, info: say, warn: say, error: say, progress() {}, finding() {} };
const host = { log, signal: new AbortController().signal, release: new ReleaseStack() };
const work = mkdtempSync(join(process.env.ELEMENTS_BENCH_DIR ?? tmpdir(), 'elements-bench-'));
const options = process.getuid?.() === 0 && process.env[entered] === 'root' ? '' : 'userxattr,';

function say(message: string): void {
  console.error(message);
}

mkdirSync(join(work, 'parent'));
await execa('tar', ['-C', join(work, 'parent'), '--numeric-owner', '--exclude=./dev/*', '-xpf', archive]);
writeFileSync(join(work, 'jail.local'), '[DEFAULT]\nbantime = 600\n');
writeFileSync(join(work, 'apt.conf'), 'Acquire::http::Timeout "120";\n');
writeFileSync(join(work, 'manifest.json'), '{"packages": [{"package": "bash", "version": "5.2*"}]}');
const sources = join(work, 'parent/etc/apt/sources.list');
writeFileSync(join(work, 'sources.list'), existsSync(sources) ? readFileSync(sources) : 'deb trixie\n');

const verdicts = new Map<string, Verdict>();
try {
  for (const [number, group] of groups.entries()) {
    let left = Object.keys(group.elements);
    for (let round = 1; left.length > 0; round++) {
      const failed = await tried(`${number}.${round}`, left, number);
      if (failed === undefined) break;
      verdicts.set(failed.element, failed);
      left = left.filter((name) => name !== failed.element);
    }
  }
} finally {
  await rm(work, { recursive: true, force: true });
}
publish([...verdicts.values()].sort((one, other) => (one.element < other.element ? -1 : 1)));

/** @returns the element that failed, if one did */
async function tried(name: string, elements: readonly string[], number: number): Promise<Verdict | undefined> {
  const { environment, elements: proofs } = groups[number]!;
  const at = (part: string) => join(work, name, part);
  for (const part of ['upper', 'work', 'tree', 'cwd']) mkdirSync(at(part), { recursive: true });
  const overlay = `${options}lowerdir=${join(work, 'parent')},upperdir=${at('upper')},workdir=${at('work')}`;
  await execa('mount', ['-t', 'overlay', '-o', overlay, 'overlay', at('tree')]);
  const lines: string[] = [];
  const set = Object.entries(environment).map(([key, value]) => [key, value.replace('$WORK', work)] as const);
  try {
    await applyElements(host, {
      elements,
      elementPath: [elementPath],
      tree: at('tree'),
      facts: {
        imageName: 'image',
        arch: 'amd64',
        rootLabel: 'cloudimg-rootfs',
        rootFileSystem: 'ext4',
        mountPoints: ['/'],
      },
      packages: [],
      environment: { HOME: process.env.HOME, PATH: process.env.PATH, ...Object.fromEntries(set) },
      cache: join(work, 'cache'),
      cwd: at('cwd'),
      onLine: (line) => lines.push(line),
    });
  } catch (error) {
    if (!(error instanceof Failure || error instanceof UsageError)) throw error;
    const [first = '', ...rest] = error.message.split('\n');
    const named = / of element '([^']+)'/.exec(first)?.[1] ?? elements.find((each) => first.includes(`'${each}'`));
    say(`${name}: ${error.message}`);
    const culprit = elements.find((each) => each === named) ?? elements.find((each) => dependsOn(each, named));
    if (culprit === undefined) throw error;
    return {
      element: culprit,
      works: false,
      what: `${first.replace(/^\S+\/elements\//, '')} ${(rest.at(-1) ?? '').replace(/^ *\| /, '')}`,
    };
  } finally {
    writeFileSync(join(work, '..', `elements-${name}.log`), lines.join('\n'));
    await execa('umount', ['-l', at('tree')]);
  }
  for (const element of elements) {
    const [file = '', part] = (proofs[element] ?? '').split(' ');
    const works = file === '' || isThere(at('upper'), file, part) || isThere(join(work, 'parent'), file, part);
    const what = file === '' ? 'all hooks pass' : `\`${file}\`${part === undefined ? '' : ` has \`${part}\``}`;
    if (verdicts.get(element)?.works !== false)
      verdicts.set(element, { element, works, what: works ? what : `lacks ${what}` });
  }
  await rm(at('upper'), { recursive: true, force: true });
  return undefined;
}

function dependsOn(element: string, needed: string | undefined): boolean {
  const file = join(elementPath, element, 'element-deps');
  return needed !== undefined && existsSync(file) && readFileSync(file, 'utf8').split(/\s+/).includes(needed);
}

/** A link in the tree leads to another place here. */
function isThere(tree: string, file: string, part: string | undefined): boolean {
  const directory = join(tree, file, '..');
  if (!existsSync(directory) || !readdirSync(directory).some((name) => name.startsWith(basename(file)))) return false;
  return part === undefined || readFileSync(join(tree, file), 'utf8').includes(part);
}

function publish(all: readonly Verdict[]): void {
  const rows = all.map(({ element, works, what }) => `| ${element} | ${works ? 'yes' : 'no'} | ${what} |`);
  const table = ['| element | works | what shows it |', '| --- | --- | --- |', ...rows].join('\n');
  console.log(table);
  const file = output;
  const text = readFileSync(file, 'utf8');
  const [before, behind] = text.split(/(?<=<!-- table -->\n)[^]*(?=<!-- end of table -->)/);
  if (behind === undefined) throw new Error(`${file} has lost the marks between which the table stands`);
  writeFileSync(file, `${before}\nAs ${process.env[entered]}:\n\n${table}\n\n${behind}`);
}
