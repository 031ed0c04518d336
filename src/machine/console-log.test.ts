import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../host/failure.js';
import { ConsoleLog, joinRotated, removeLog } from './console-log.js';

describe('the log of a serial console', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'console-log-'));
    file = join(directory, 'web.console.log');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** What virtlogd does with a full log; the steps are its own. */
  const rotation = (): (() => void)[] => [
    ...[1, 0].map((number) => () => {
      if (existsSync(`${file}.${number}`)) renameSync(`${file}.${number}`, `${file}.${number + 1}`);
    }),
    () => renameSync(file, `${file}.0`),
    () => writeFileSync(file, ''),
  ];
  const rotate = (): void => rotation().forEach((step) => step());

  const text = async (log: ConsoleLog): Promise<string> => (await log.read()).toString();

  it('is read as it grows, and is empty until it is there', async () => {
    const log = new ConsoleLog(file);
    expect(await text(log)).to.equal('');
    writeFileSync(file, 'one');
    expect(await text(log)).to.equal('one');
    expect(await text(log)).to.equal('');
    appendFileSync(file, 'two');
    expect(await text(log)).to.equal('two');
  });

  it('is read to its end before the one that took its name', async () => {
    const log = new ConsoleLog(file);
    writeFileSync(file, 'one ');
    expect(await text(log)).to.equal('one ');
    appendFileSync(file, 'two ');
    rotate();
    appendFileSync(file, 'three ');
    rotate();
    appendFileSync(file, 'four ');
    expect(await text(log)).to.equal('two three four ');
    expect(await text(log)).to.equal('');
  });

  it('loses nothing, and tells nothing twice, at whatever moment of a rotation it is read', async () => {
    for (const moment of [0, 1, 2, 3, 4]) {
      rmSync(directory, { recursive: true });
      directory = mkdtempSync(join(tmpdir(), 'console-log-'));
      file = join(directory, 'web.console.log');
      const log = new ConsoleLog(file);
      let seen = '';
      for (const part of ['a', 'b', 'c', 'd', 'e']) {
        appendFileSync(file, part);
        if (part === 'c') seen += await text(log);
        appendFileSync(file, part.toUpperCase());
        for (const [index, step] of [...rotation(), () => undefined].entries()) {
          if (index === moment && part >= 'c') seen += await text(log);
          step();
        }
      }
      expect(seen + (await text(log)), String(moment)).to.equal('aAbBcCdDeE');
    }
  });

  it('begins again where the file became shorter', async () => {
    const log = new ConsoleLog(file);
    writeFileSync(file, 'a long one');
    await log.read();
    writeFileSync(file, 'short');
    expect(await text(log)).to.equal('short');
  });

  it("is no silence where it can't be read", async () => {
    const log = new ConsoleLog(join(file, 'below-a-file'));
    writeFileSync(file, '');
    const error = await log.read().catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(Failure);
    expect((error as Failure).message).to.match(/^can't read the console of the virtual machine: ENOTDIR/);
  });

  it('becomes one file when the machine is gone, open to the same users', async () => {
    for (const part of ['one\n', 'two\n', 'three\n', 'four\n']) {
      if (existsSync(file)) rotate();
      writeFileSync(file, part);
    }
    chmodSync(file, 0o600);
    await joinRotated(file);
    expect(readFileSync(file, 'utf8')).to.equal('one\ntwo\nthree\nfour\n');
    expect(readdirSync(directory)).to.deep.equal(['web.console.log']);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
  });

  it('is left alone where it was never rotated, and where it is not there', async () => {
    await joinRotated(file);
    expect(readdirSync(directory)).to.deep.equal([]);
    writeFileSync(file, 'all of it');
    const { ino } = statSync(file);
    await joinRotated(file);
    expect(statSync(file).ino).to.equal(ino);
  });

  it('is removed with all that was rotated, and nothing else', async () => {
    writeFileSync(file, 'one');
    rotate();
    writeFileSync(`${file}.sha256sum`, '');
    await removeLog(file);
    expect(readdirSync(directory)).to.deep.equal(['web.console.log.sha256sum']);
  });
});
