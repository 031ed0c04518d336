import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Failure } from '../host/failure.js';
import { jsonReporter } from './json-reporter.js';
import { lineReporter } from './line-reporter.js';
import { liveReporter } from './live-reporter.js';
import { logFileReporter } from './log-file.js';
import { allOf, spokenDuration, type Reporter, type Verbosity } from './reporter.js';

const stage = { name: 'fetch', title: 'Fetching kernel and initrd' };

/** A short build, as reporters hear of it. */
function build(reporter: Reporter): void {
  reporter.stageStarted(stage);
  reporter.debug('Calling rsync x');
  reporter.info('linux is new');
  reporter.progress({ text: 'initrd.gz', fraction: 0.256 });
  reporter.warn('the mirror is slow');
  reporter.stageFinished(stage, 4200);
  reporter.error('no space left');
  reporter.close();
}

describe('lineReporter', () => {
  function linesAt(verbosity: Verbosity, tell: (reporter: Reporter) => void = build): string[] {
    let text = '';
    tell(lineReporter((line) => (text += line), verbosity));
    return text.split('\n').slice(0, -1);
  }

  it('writes one plain line for everything that happens, with its time', () => {
    const lines = linesAt('normal');
    expect(lines.map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, ''))).to.deep.equal([
      'INFO: [fetch] Fetching kernel and initrd',
      'INFO: linux is new',
      'INFO: initrd.gz (25 %)',
      'WARNING: the mirror is slow',
      'INFO: [fetch] done in 4.2 s',
      'ERROR: no space left',
    ]);
    const now = new Date();
    const two = (number: number) => String(number).padStart(2, '0');
    const today = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
    expect(lines[0]).to.satisfy((line: string) => line.startsWith(`${today} ${two(now.getHours())}:`));
  });

  it('tells as much as it is asked to', () => {
    expect(linesAt('quiet').join()).to.match(/WARNING: the mirror is slow,.*ERROR: no space left$/);
    expect(linesAt('quiet')).to.have.length(2);
    expect(linesAt('verbose')).to.have.length(7);
    expect(linesAt('verbose')[1]).to.match(/DEBUG: Calling rsync x$/);
  });

  it('shows a step once, however often it counts, and again in the next stage', () => {
    const lines = linesAt('normal', (reporter) => {
      for (const name of ['fetch', 'install']) {
        reporter.stageStarted({ name, title: name });
        for (const share of [0.1, 0.2, 0.3]) reporter.progress({ text: `${share * 10} of 10 MiB`, fraction: share });
        reporter.progress({ text: 'checking' });
      }
    });
    expect(lines.map((line) => line.slice('2026-11-21 03:14:15 INFO: '.length))).to.deep.equal([
      '[fetch] fetch',
      '1 of 10 MiB (10 %)',
      'checking',
      '[install] install',
      '1 of 10 MiB (10 %)',
      'checking',
    ]);
  });
});

describe('jsonReporter', () => {
  it('writes one object a line, with its time', () => {
    const lines: string[] = [];
    build(jsonReporter((line) => lines.push(line), 'verbose'));
    for (const line of lines) expect(line).to.match(/^\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",.*\}\n$/);
    const events = lines.map((line) => {
      const { time, ...event } = JSON.parse(line) as Record<string, unknown>;
      expect(time).to.be.a('string');
      return event;
    });
    expect(events).to.deep.equal([
      { event: 'stage-started', stage: 'fetch', title: 'Fetching kernel and initrd' },
      { event: 'log', level: 'debug', message: 'Calling rsync x' },
      { event: 'log', level: 'info', message: 'linux is new' },
      { event: 'progress', text: 'initrd.gz', fraction: 0.256 },
      { event: 'log', level: 'warning', message: 'the mirror is slow' },
      { event: 'stage-finished', stage: 'fetch', seconds: 4.2 },
      { event: 'log', level: 'error', message: 'no space left' },
    ]);
  });

  it('keeps a message of several lines on one', () => {
    const lines: string[] = [];
    jsonReporter((line) => lines.push(line), 'quiet').error('one\ntwo "three"');
    expect(lines).to.have.length(1);
    expect(JSON.parse(lines[0] ?? '')).to.include({ message: 'one\ntwo "three"' });
  });

  it('tells only what is wrong if asked to be quiet', () => {
    const lines: string[] = [];
    build(jsonReporter((line) => lines.push(line), 'quiet'));
    expect(lines).to.have.length(2);
  });
});

describe('liveReporter', () => {
  /** A terminal of one long page, on which `\r` and "erase to the end of the line" work. */
  function terminal(columns: number): {
    columns: number;
    write(text: string): void;
    page(): string[];
    widest(): number;
  } {
    const rows = [''];
    let widest = 0;
    return {
      columns,
      write(text) {
        // eslint-disable-next-line no-control-regex -- what a terminal carries out
        for (const part of text.split(/(\r\u001b\[K|\n)/)) {
          if (part === '\n') rows.push('');
          else if (part === '\r\u001b[K') rows[rows.length - 1] = '';
          else rows[rows.length - 1] += stripVTControlCharacters(part);
          widest = Math.max(widest, [...(rows.at(-1) ?? '')].length);
        }
      },
      page: () => rows,
      widest: () => widest,
    };
  }

  it('leaves finished stages and messages on the terminal, and nothing else', () => {
    const screen = terminal(80);
    build(liveReporter(screen, 'normal'));
    expect(screen.page()).to.deep.equal([
      '  linux is new',
      'warning: the mirror is slow',
      '✔ Fetching kernel and initrd 4.2 s',
      'error: no space left',
      '',
    ]);
  });

  it('shows the running stage with its time and progress at the bottom', async () => {
    const screen = terminal(80);
    const reporter = liveReporter(screen, 'normal');
    reporter.stageStarted(stage);
    reporter.progress({ text: 'initrd.gz', fraction: 0.256 });
    await sleep(300);
    expect(screen.page()).to.have.length(1);
    expect(screen.page()[0]).to.match(/^⠋ Fetching kernel and initrd 0\.\d s {2}initrd\.gz \(25 %\)$/);
    reporter.info('linux is new');
    expect(screen.page()[0]).to.equal('  linux is new');
    expect(screen.page()[1]).to.contain('Fetching kernel and initrd');
    reporter.close();
    expect(screen.page()).to.deep.equal(['  linux is new', '']);
    await sleep(300);
    expect(screen.page()).to.deep.equal(['  linux is new', '']);
  });

  it('never lets its line wrap, which could not be erased again', () => {
    const screen = terminal(30);
    const reporter = liveReporter(screen, 'normal');
    reporter.stageStarted({ name: 'install', title: 'Installing' });
    reporter.progress({ text: 'x'.repeat(100) });
    reporter.info('short');
    expect(screen.widest()).to.be.below(30);
    expect(screen.page().at(-1)).to.match(/^. Installing .*xxx$/);
    reporter.close();
  });

  it('tells a stage that failed no longer, once the error is told', () => {
    const screen = terminal(80);
    const reporter = liveReporter(screen, 'normal');
    reporter.stageStarted(stage);
    reporter.error('no space left');
    reporter.close();
    expect(screen.page()).to.deep.equal(['error: no space left', '']);
  });

  it('tells as much as it is asked to', () => {
    const [quiet, verbose] = [terminal(80), terminal(80)];
    build(liveReporter(quiet, 'quiet'));
    build(liveReporter(verbose, 'verbose'));
    expect(quiet.page()).to.deep.equal(['warning: the mirror is slow', 'error: no space left', '']);
    expect(verbose.page()[0]).to.equal('Calling rsync x');
    expect(verbose.page()).to.have.length(6);
  });
});

describe('logFileReporter', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'log-file-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('writes everything into a file that is begun anew, in a directory that it makes', () => {
    const file = join(directory, 'logs/of/today.log');
    build(logFileReporter(file));
    build(logFileReporter(file));
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines).to.have.length(7);
    expect(lines[1]).to.match(/ DEBUG: Calling rsync x$/);
  });

  it('has each line in the file at once', () => {
    const file = join(directory, 'a.log');
    const reporter = logFileReporter(file);
    reporter.info('first');
    expect(readFileSync(file, 'utf8')).to.match(/ INFO: first\n$/);
    reporter.close();
  });

  it('says what to do if it can not', () => {
    writeFileSync(join(directory, 'file'), '');
    const file = join(directory, 'file/a.log');
    expect(() => logFileReporter(file))
      .to.throw(Failure, `can't write the log file ${file}: `)
      .with.property('hint', 'Choose another with --log-filename, or do without: --no-log-file.');
  });
});

describe('allOf', () => {
  it('tells several reporters the same', () => {
    const [one, two]: [string[], string[]] = [[], []];
    build(allOf([lineReporter((line) => one.push(line), 'normal'), jsonReporter((line) => two.push(line), 'normal')]));
    expect([one.length, two.length]).to.deep.equal([6, 6]);
  });
});

describe('spokenDuration', () => {
  it('is short, and as exact as people want it', () => {
    expect([0, 4_249, 59_900, 60_000, 187_000, 3_599_999, 3_720_000, 90_000_000].map(spokenDuration)).to.deep.equal([
      '0.0 s',
      '4.2 s',
      '59.9 s',
      '1 min 0 s',
      '3 min 7 s',
      '59 min 59 s',
      '1 h 2 min',
      '25 h 0 min',
    ]);
    expect(spokenDuration(59_990)).to.equal('1 min 0 s');
  });
});
