import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Failure } from '../host/failure.js';
import { spokenDuration } from './duration.js';
import type { BuildEvent } from './events.js';
import { EventStream, type EventReader, type Verbosity } from './event-stream.js';
import { jsonReader } from './json.js';
import { lineReader } from './lines.js';
import { liveReader } from './live.js';
import { eventsFile, logFile } from './log-file.js';

/** The events of a build on their way to one reader. */
function streamTo(...readers: EventReader[]): EventStream {
  return new EventStream((text) => text, readers);
}

function start(stream: EventStream, stage: string, title = stage): void {
  stream.tell({ event: 'stage-started', stage, title });
}

/** A short build, as readers hear of it. */
function build(...readers: EventReader[]): void {
  const stream = streamTo(...readers);
  start(stream, 'fetch', 'Fetching kernel and initrd');
  stream.debug('Calling rsync x');
  stream.info('linux is new');
  stream.progress({ text: 'initrd.gz', fraction: 0.256 });
  stream.warn('the mirror is slow');
  stream.tell({ event: 'stage-finished', stage: 'fetch', seconds: 4.2 });
  stream.error('no space left');
  stream.close();
}

describe('lineReader', () => {
  function linesAt(verbosity: Verbosity, tell: (reader: EventReader) => void = build): string[] {
    let text = '';
    tell(lineReader((line) => (text += line), verbosity));
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
    const lines = linesAt('normal', (reader) => {
      const stream = streamTo(reader);
      for (const name of ['fetch', 'install']) {
        start(stream, name);
        for (const share of [0.1, 0.2, 0.3]) stream.progress({ text: `${share * 10} of 10 MiB`, fraction: share });
        stream.progress({ text: 'checking' });
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

describe('jsonReader', () => {
  it('writes one object a line, with its time', () => {
    const lines: string[] = [];
    build(jsonReader((line) => lines.push(line), 'verbose'));
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
    streamTo(jsonReader((line) => lines.push(line), 'quiet')).error('one\ntwo "three"');
    expect(lines).to.have.length(1);
    expect(JSON.parse(lines[0] ?? '')).to.include({ message: 'one\ntwo "three"' });
  });

  it('tells only what is wrong if asked to be quiet', () => {
    const lines: string[] = [];
    build(jsonReader((line) => lines.push(line), 'quiet'));
    expect(lines).to.have.length(2);
  });
});

describe('liveReader', () => {
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
    build(liveReader(screen, 'normal'));
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
    const reporter = streamTo(liveReader(screen, 'normal'));
    start(reporter, 'fetch', 'Fetching kernel and initrd');
    reporter.progress({ text: 'initrd.gz', fraction: 0.256 });
    while (!screen.page()[0]?.includes('25 %')) await sleep(20);
    expect(screen.page()).to.have.length(1);
    expect(screen.page()[0]).to.match(/^\S Fetching kernel and initrd \d+\.\d s {2}initrd\.gz \(25 %\)$/);
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
    const reporter = streamTo(liveReader(screen, 'normal'));
    start(reporter, 'install', 'Installing');
    reporter.progress({ text: 'x'.repeat(100) });
    reporter.info('short');
    expect(screen.widest()).to.be.below(30);
    expect(screen.page().at(-1)).to.match(/^. Installing .*xxx$/);
    reporter.close();
  });

  it('tells a stage that failed no longer, once the error is told', () => {
    const screen = terminal(80);
    const reporter = streamTo(liveReader(screen, 'normal'));
    start(reporter, 'fetch');
    reporter.error('no space left');
    reporter.close();
    expect(screen.page()).to.deep.equal(['error: no space left', '']);
  });

  it('tells as much as it is asked to', () => {
    const [quiet, verbose] = [terminal(80), terminal(80)];
    build(liveReader(quiet, 'quiet'));
    build(liveReader(verbose, 'verbose'));
    expect(quiet.page()).to.deep.equal(['warning: the mirror is slow', 'error: no space left', '']);
    expect(verbose.page()[0]).to.equal('Calling rsync x');
    expect(verbose.page()).to.have.length(6);
  });
});

describe('logFile', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'log-file-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  const started = (stream: EventStream) =>
    stream.tell({
      event: 'build-started',
      version: 1,
      program: '2.0.1',
      image: 'web',
      name: 'web-2026-11-26',
      outputDir: '/srv',
      resume: false,
    });

  it('writes everything after what an earlier build wrote, in a directory that it makes', () => {
    const file = join(directory, 'logs/of/today.log');
    for (const outcome of ['failed', 'done']) {
      const stream = streamTo(logFile(file));
      started(stream);
      stream.debug(`It is ${outcome}`);
      stream.close();
    }
    const lines = readFileSync(file, 'utf8').replaceAll(/^[-\d]+ [:\d]+ /gm, '');
    expect(lines).to.equal(
      'INFO: Building web in /srv (image-factory 2.0.1)\nDEBUG: It is failed\n\n' +
        'INFO: Building web in /srv (image-factory 2.0.1)\nDEBUG: It is done\n',
    );
  });

  it('has each line in the file at once', () => {
    const file = join(directory, 'a.log');
    const stream = streamTo(logFile(file));
    stream.info('first');
    expect(readFileSync(file, 'utf8')).to.match(/ INFO: first\n$/);
    stream.close();
  });

  it('says what to do if it can not', () => {
    writeFileSync(join(directory, 'file'), '');
    const file = join(directory, 'file/a.log');
    expect(() => logFile(file))
      .to.throw(Failure, `can't write the log file ${file}: `)
      .with.property('hint', 'Choose another file with --log-filename, or write none with --no-log-file.');
  });

  it('may fill the disk, and the others are told so', () => {
    const [lines, full]: [string[], EventReader] = [[], logFile('/dev/full')];
    const stream = streamTo(
      full,
      lineReader((line) => lines.push(line), 'normal'),
    );
    stream.info('one');
    stream.info('two');
    expect(lines.map((line) => line.slice('2026-11-21 03:14:15 '.length))).to.deep.equal([
      "WARNING: can't write the log file /dev/full: no space left on device\n",
      'INFO: one\n',
      'INFO: two\n',
    ]);
  });
});

describe('eventsFile', () => {
  it('has all events but those of progress that only counts on, and those of earlier builds before them', () => {
    const directory = mkdtempSync(join(tmpdir(), 'events-file-'));
    try {
      const file = join(directory, 'web.events.jsonl');
      for (const megabytes of [10, 20]) {
        const stream = streamTo(eventsFile(file));
        start(stream, 'fetch');
        for (let done = 0; done < megabytes; done++) stream.progress({ text: `${done} of ${megabytes} MiB` });
        stream.close();
      }
      const events = readFileSync(file, 'utf8').trimEnd().split('\n');
      expect(events.map((line) => (JSON.parse(line) as { text?: string }).text)).to.deep.equal([
        undefined,
        '0 of 10 MiB',
        undefined,
        '0 of 20 MiB',
      ]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('EventStream', () => {
  const recorded = (): { events: BuildEvent[]; reader: EventReader } => {
    const events: BuildEvent[] = [];
    return { events, reader: { read: (event) => void events.push(event), close: () => undefined } };
  };

  it('tells all readers the same', () => {
    const [one, other] = [recorded(), recorded()];
    build(one.reader, other.reader);
    expect(one.events).to.have.length(7);
    expect(other.events).to.deep.equal(one.events);
  });

  it('tells those that come later what happened before', () => {
    const [one, late] = [recorded(), recorded()];
    const stream = streamTo(one.reader);
    stream.info('first');
    stream.complete([late.reader]);
    stream.info('second');
    expect(late.events.map((event) => 'message' in event && event.message)).to.deep.equal(['first', 'second']);
    expect(late.events).to.deep.equal(one.events);
  });

  it('masks what is said, and not the words of the format', () => {
    const { events, reader } = recorded();
    const stream = new EventStream((text) => text.replaceAll('log', '***'), [reader]);
    stream.info('log in');
    expect(events[0]).to.include({ event: 'log', level: 'info', message: '*** in' });
  });
});

describe('spokenDuration', () => {
  it('is short, and as exact as people want it', () => {
    expect([0, 4.249, 59.9, 60, 187, 3599.999, 3720, 90_000].map(spokenDuration)).to.deep.equal([
      '0.0 s',
      '4.2 s',
      '59.9 s',
      '1 min 0 s',
      '3 min 7 s',
      '59 min 59 s',
      '1 h 2 min',
      '25 h 0 min',
    ]);
    expect(spokenDuration(59.99)).to.equal('1 min 0 s');
  });
});
