import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { corpus, type Extent, type Kind } from './corpus.js';
import type { Order, Outcome, Result } from './run.js';
import { weaken, weaknesses } from './weakened.js';
import { call, documentedLine, must, obstacle } from '../../test/support/sudo-helper.js';

const project = new URL('../..', import.meta.url).pathname;
const table = join(project, 'build/attack-table.md');
const helper = readFileSync(new URL('../image-factory-sudo-helper', import.meta.url), 'utf8');
const allKinds = Object.keys(corpus) as Kind[];

/** `make check` makes some of the calls, others in each run; `make check-e2e` makes them all. */
const all = process.env['IMAGE_FACTORY_ATTACKS'] === 'all';
const seed = Number(process.env['IMAGE_FACTORY_ATTACK_SEED'] ?? Date.now() % 2 ** 32);
const whole: Extent = { seed, oneIn: 1, races: 1000, randomLists: 10_000, randomListsBySudo: 500 };
const extent: Extent = all ? whole : { seed, oneIn: 4, races: 300, randomLists: 300, randomListsBySudo: 30 };

const ours: Order = {
  text: helper,
  sudoersLine: documentedLine(),
  language: 'ours',
  kinds: allKinds,
  extent: whole,
  until: 'the end',
};

describe('image-factory-sudo-helper and the attack corpus', function () {
  // Two minutes on an idle machine. Each call has a limit of its own.
  this.timeout(30 * 60_000);

  before(function () {
    const programs = ['mkfs.xfs', 'sudo', 'visudo', 'perl', 'losetup', 'unshare', 'grep', 'lsblk', 'mkfifo'];
    const reason =
      obstacle(...programs) ?? (canIsolate() ? undefined : 'no mount namespace with read-only mounts here');
    if (reason !== undefined) {
      console.log(`      skipped: ${reason}; run: sudo make check`);
      this.skip();
    }
  });

  it('would notice what a helper must not do', async () => {
    const mountOfOthers = mkdtempSync(join(tmpdir(), 'image-factory-others-'));
    must('mount', '-t', 'tmpfs', 'tmpfs', mountOfOthers);
    const { noticed } = await attacked({ ...ours, kinds: [], mountOfOthers });
    expect(existsSync(mountOfOthers), 'a mount of others').to.be.false;
    for (const { deed, escapes } of noticed) {
      if (['nothing', 'others remove a mount of their own'].includes(deed)) expect(escapes, deed).to.be.empty;
      else expect(escapes, deed).not.to.be.empty;
    }
    expect(noticed).to.have.length(14);
  });

  for (const weakness of weaknesses) {
    it(`would get through a helper without ${weakness.without}`, async () => {
      const order: Order = {
        ...ours,
        text: weaken(helper, weakness),
        kinds: [weakness.noticedBy],
        until: 'the first escape',
      };
      const [outcome] = (await attacked(order)).outcomes;
      expect(outcome?.escapes).to.be.greaterThan(0);
    });
  }

  it('would get through a sudoers line with SETENV, of which the manual warns', async () => {
    const sudoersLine = ours.sudoersLine.replace('NOPASSWD:', 'NOPASSWD:SETENV:');
    const [outcome] = (await attacked({ ...ours, sudoersLine, kinds: ['environment'], until: 'the first escape' }))
      .outcomes;
    expect(outcome?.escapes).to.be.greaterThan(0);
  });

  it('lets nobody through, where image-factory 1 did', async function () {
    console.log(
      `      seed ${seed}; the same again: IMAGE_FACTORY_ATTACK_SEED=${seed}${all ? ' IMAGE_FACTORY_ATTACKS=all' : ''}`,
    );
    const theirs = olderHelper();
    if (theirs === undefined) {
      console.log('      NOT COMPARED: apt-get cannot download the Debian package image-factory here');
    }
    const [our, their] = await Promise.all([
      attacked({ ...ours, extent }),
      theirs && attacked({ ...ours, ...theirs, extent }),
    ]);
    const lines = markdown(our.outcomes, their?.outcomes);
    mkdirSync(dirname(table), { recursive: true });
    writeFileSync(table, `${lines.join('\n')}\n`);
    for (const line of lines) console.log(`      ${line}`);

    for (const { kind, escapes, example } of our.outcomes) expect(escapes, `${kind}: ${example}`).to.equal(0);
    const races = our.outcomes.find(({ kind }) => kind === 'swapped paths')!;
    expect(races.tries).to.equal(extent.races);
    expect(races.served, 'the swapping was always in the way').to.be.greaterThan(0);
    expect(races.served, 'the swapping was never in the way').to.be.lessThan(races.tries);
    if (their) expect(sum(their.outcomes, 'escapes')).to.be.greaterThan(0);
  });
});

/** Whether this root may do what root may (not so in most containers). */
function canIsolate(): boolean {
  const isolated = ['--mount', '--propagation', 'private', 'mount', '-o', 'remount,bind,ro', '/'];
  return call('unshare', isolated).status === 0;
}

async function attacked(order: Order): Promise<Result> {
  const program = [process.execPath, '--import', 'tsx', 'sudo-helper/attack/run.ts'];
  // Coverage of the attacks themselves says nothing, and takes its time.
  const env = { ...process.env };
  delete env['NODE_V8_COVERAGE'];
  const child = spawn('unshare', ['--mount', '--propagation', 'private', '--', ...program], { cwd: project, env });
  child.stdin.end(JSON.stringify(order));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (stdout === '') throw new Error(`the attack ended early: ${stderr}`);
  return JSON.parse(stdout) as Result;
}

/** The helper of the Debian package image-factory 1.x and the sudoers line of its manual page, if they can be had. */
function olderHelper(): Pick<Order, 'text' | 'sudoersLine' | 'language'> | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'image-factory-1-'));
  try {
    if (call('sh', ['-c', 'apt-get download image-factory'], { cwd: directory }).status !== 0) return undefined;
    const [archive = ''] = readdirSync(directory);
    must('dpkg-deb', '--extract', join(directory, archive), directory);
    const name = 'image-factory-sudo-helper';
    const page = gunzipSync(readFileSync(join(directory, `usr/share/man/man1/${name}.1.gz`))).toString();
    const sudoersLine = /^jenkins ALL.*$/m.exec(page)?.[0];
    if (sudoersLine === undefined) throw new Error('the manual page of image-factory 1 has no line for sudoers');
    return { text: readFileSync(join(directory, 'usr/bin', name), 'utf8'), sudoersLine, language: 'theirs' };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const sum = (outcomes: readonly Outcome[], of: 'tries' | 'escapes') =>
  outcomes.reduce((total, outcome) => total + outcome[of], 0);

function markdown(our: readonly Outcome[], their: readonly Outcome[] = []): string[] {
  const rows = our.map(({ kind, tries, escapes }) => {
    const older = their.find((outcome) => outcome.kind === kind);
    return [kind, tries, escapes, older?.tries ?? '-', older?.escapes ?? '-'];
  });
  const sums = ['all', sum(our, 'tries'), sum(our, 'escapes')];
  rows.push([...sums, ...(their.length > 0 ? [sum(their, 'tries'), sum(their, 'escapes')] : ['-', '-'])]);
  const line = (cells: readonly unknown[]) =>
    `| ${cells.map((cell, index) => (index === 0 ? String(cell).padEnd(44) : String(cell).padStart(9))).join(' | ')} |`;
  const heads = ['attack', 'tries', 'escapes', 'tries, 1.x', 'escapes, 1.x'];
  const rule = `| ${'-'.repeat(44)} |${' --------: |'.repeat(4)}`;
  return [line(heads), rule, ...rows.map(line)];
}
