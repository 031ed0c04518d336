import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Progress } from '../host/log.js';
import { followConsole, InstallerConsole } from './installer-console.js';

const later = 20_000;
const prompt = "Prompt: '?' for help, default=1> ";

/** A console that printed these chunks, one each millisecond, from 0. */
async function consoleWith(...chunks: (string | Uint8Array)[]): Promise<InstallerConsole> {
  const console = new InstallerConsole();
  for (const [time, chunk] of chunks.entries()) await console.read(chunk, time);
  return console;
}

const kindAt = (console: InstallerConsole, now: number) => console.endAt(now)?.sign.kind;

async function progressAfter(...chunks: string[]): Promise<Progress | undefined> {
  const console = await consoleWith(...chunks.slice(0, -1));
  return console.read(chunks.at(-1) ?? '', 0);
}

describe('InstallerConsole', () => {
  describe('progress', () => {
    it("is read off the lines of d-i's text frontend", async () => {
      const printed = 'Starting up\r\nInstalling the base system  ... 6%... 13%... 83%';
      expect(await progressAfter(printed)).to.deep.equal({ text: 'Installing the base system', fraction: 0.83 });
    });

    it('comes in pieces of any size', async () => {
      const printed = 'Loading additional components  ... 100%';
      const { text, fraction } = (await progressAfter(...printed)) ?? {};
      expect([text, fraction]).to.deep.equal(['Loading additional components', 1]);
    });

    it('is what stands there after carriage returns, backspaces and colours', async () => {
      expect(await progressAfter('\x1b[1mPartitions\x1b[0m ... 1%\b\b42%')).to.deep.equal({
        text: 'Partitions',
        fraction: 0.42,
      });
      expect(await progressAfter('something else altogether\r\x1b[KNetwork ... 5%')).to.deep.equal({
        text: 'Network',
        fraction: 0.05,
      });
    });

    it('goes on where a line is longer than the screen is wide', async () => {
      const steps = Array.from({ length: 30 }, (_, step) => `... ${step + 1}%`).join('');
      expect(await progressAfter(`Select and install software ${steps}`)).to.deep.equal({
        text: 'Select and install software',
        fraction: 0.3,
      });
    });

    it('is told by no other line, and not by one that is over', async () => {
      for (const printed of ['disk is 83% full', '... 10%', 'Installing the base system ... 83%\r\ndone\r\n', '']) {
        expect(await progressAfter(printed), printed).to.equal(undefined);
      }
    });

    it('has no part of the status line of GNU screen', async () => {
      const status = '[            (1*installer)  2 shell  3 shell  4- log           ][ Nov 26 10:59 ]';
      expect(await progressAfter(`${status}\r\nDetecting network hardware  ... 2%`)).to.deep.equal({
        text: 'Detecting network hardware',
        fraction: 0.02,
      });
    });

    it('is never more than everything', async () => {
      expect((await progressAfter('Copying ... 250%'))?.fraction).to.equal(1);
    });
  });

  describe('a question', () => {
    const question = `\r\n  1. Abort\r\n  2. Retry\r\n${prompt}`;

    it('is one that stands for a while', async () => {
      const console = await consoleWith(question);
      expect(kindAt(console, later - 1)).to.equal(undefined);
      expect(kindAt(console, later)).to.equal('question');
    });

    it('is none if the installer goes on by itself', async () => {
      const console = await consoleWith(question, '2\r\n', 'Retrying\r\n');
      expect(kindAt(console, 10 * later)).to.equal(undefined);
    });

    it('may be asked in many ways', async () => {
      const ways = [
        "Prompt: '?' for help> ",
        '[Press enter to continue] ',
        "Please make a selection from the above ['c' to continue, 'q' to quit, 'r' to refresh]: ",
        "Please respond 'yes' or 'no': ",
        '\r\n\r\nContinue with autoinstall? (yes|no)\r\n',
        "\x1b[2J\x1b[12;1HPrompt: '?'\x1b[12;12H for help, default=1>",
      ];
      for (const way of ways) expect(kindAt(await consoleWith(way), later), way).to.equal('question');
    });

    it("may be one of debian-installer's for a password, which it asks for without an echo, in any language", async () => {
      const screen = '\x1b[H[            (1*installer)  2 shell  3 shell  4- log           ][ Nov 21 10:41 ]\r\x1b[23B';
      const password =
        'Note: what you type here will be hidden.\r\x1b[22A\x1b[M\x1b[22BRoot-Passwort:\r\x1b[22A\x1b[M\x1b[22B';
      // The clock goes on.
      expect(kindAt(await consoleWith(screen, password, screen), later + 3)).to.equal('question');
      expect(kindAt(await consoleWith(screen, 'Starting up the partitioner  ... 4%\r\n'), later + 3)).to.equal(
        undefined,
      );
      expect(kindAt(await consoleWith('subiquity/Install/install:\r\n'), later + 3)).to.equal(undefined);
    });

    it('may have the cursor in the line below it, also when the clock in the status line goes on', async () => {
      const asked = `Continue the install without loading kernel modules?\r\n  1: Yes      2: No [*]\r\n${prompt}\r\n`;
      const clock = (time: string) =>
        `\x1b[H[    (1*installer)  2 shell  3 shell  4- log    ][ Nov 25 ${time} ]\r\x1b[4B`;
      const console = await consoleWith('\x1b[2;1H', asked, clock('20:17'), clock('20:18'));
      expect(kindAt(console, later + 4)).to.equal('question');
    });

    it('may come in pieces, in the middle of a character too', async () => {
      const bytes = new TextEncoder().encode(`Größe wählen\r\n${prompt}`);
      const console = await consoleWith(...Array.from(bytes, (byte) => Uint8Array.of(byte)));
      expect(kindAt(console, bytes.length + later)).to.equal('question');
      expect(console.screen()).to.equal(`Größe wählen\n${prompt.trimEnd()}`);
    });

    it('is one also where the kernel speaks behind it, or below', async () => {
      const kernel = '[  300.123456] hrtimer: interrupt took 12345 ns\r\n';
      expect(kindAt(await consoleWith(question, kernel), later + 1)).to.equal('question');
      expect(kindAt(await consoleWith(question, `\r\n${kernel}`, kernel), later + 1)).to.equal('question');
    });

    it('is no line above the cursor, and no silence', async () => {
      expect(kindAt(await consoleWith(question, 'ok\r\n'), later)).to.equal(undefined);
      expect(kindAt(await consoleWith('Installing ... 7%'), 100 * later)).to.equal(undefined);
    });
  });

  it('knows a panic at once, also when the kernel said more behind it', async () => {
    const panic = '[    9.1] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\r\n';
    expect(kindAt(await consoleWith(panic), 0)).to.equal('panic');
    const console = await consoleWith(panic.slice(0, 20), panic.slice(20), '[    9.2] Call Trace:\r\n'.repeat(50));
    expect(kindAt(console, 0)).to.equal('panic');
  });

  it('knows a panic that came together with all that the kernel says of one', async () => {
    const trace = `${'[    9.2]  ? do_exit+0x2/0xb0\r\n'.repeat(50)}[    9.3] ---[ end Kernel panic - not syncing: no init ]---\r\n`;
    expect(kindAt(await consoleWith(`[    9.1] Kernel panic - not syncing: no init\r\n${trace}`), 0)).to.equal('panic');
  });

  it('knows that a halt is an end where the installer was done before, and only there', async () => {
    const halted = '[  512.000001] reboot: System halted\r\n';
    const ends = {
      'Installing the base system  ... 0%... 100%\r\n': true,
      'Installing the base system  ... 0%... 83%\r\n': false,
      'The system is going down NOW!\r\nRequesting system halt\r\n': true,
      'Network  ... 100%\r\nInstalling the base system  ... 7%\r\n': false,
      '': false,
    };
    for (const [printed, complete] of Object.entries(ends)) {
      const console = await consoleWith(`${printed}${halted}`);
      expect(kindAt(console, 0), printed).to.equal('halted');
      expect(console.complete, printed).to.equal(complete);
    }
  });

  it('shows the screen as somebody at a terminal would see it', async () => {
    // A dialogue as newt draws it: cleared screen, colours, cursor addressing, line drawing, and a box over old text.
    const console = await consoleWith(
      'text from before\r\n',
      '\x1b[H\x1b[2J\x1b[44m\x1b[3;5H\x1b(0lqqqqqqqqqqk\x1b(B',
      '\x1b[4;5H\x1b(0x\x1b(B Continue? \x1b[4;5H',
      '\x1b[4;16H\x1b(0x\x1b(B\x1b[5;5H\x1b(0mqqqqqqqqqqj\x1b(B\x1b[0m',
    );
    expect(console.screen()).to.equal('    ┌──────────┐\n    │ Continue?│\n    └──────────┘');
  });
});

describe('followConsole', () => {
  let directory: string;
  let log: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'console-'));
    log = join(directory, 'console.log');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('tells each step while the log grows, and gives the last screen at the end', async () => {
    const steps: string[] = [];
    const over = new AbortController();
    const following = followConsole(log, ({ text, fraction }) => steps.push(`${text} ${fraction}`), over.signal);
    appendFileSync(log, 'Network ... 10%');
    while (steps.length < 1) await sleep(20);
    appendFileSync(log, '... 20%\r\nPartitions ... 50%');
    while (steps.length < 2) await sleep(20);
    appendFileSync(log, '\r\nPower down\r\n');
    over.abort();
    expect(await following).to.deep.equal({
      sign: undefined,
      complete: false,
      troubles: [],
      screen: 'Network ... 10%... 20%\nPartitions ... 50%\nPower down',
    });
    expect(steps).to.deep.equal(['Network 0.1', 'Partitions 0.5']);
  });

  it('starts over with a log that was begun anew', async () => {
    writeFileSync(log, 'x\r\n'.repeat(1000));
    const over = new AbortController();
    const following = followConsole(log, () => undefined, over.signal);
    await sleep(100);
    writeFileSync(log, '\x1b[H\x1b[2JKernel panic - not syncing\r\n');
    expect((await following).sign?.sign.kind).to.equal('panic');
  });

  it('is content with a log that is not there', async () => {
    expect(await followConsole(log, () => undefined, AbortSignal.abort())).to.deep.equal({
      sign: undefined,
      complete: false,
      troubles: [],
      screen: '',
    });
  });
});
