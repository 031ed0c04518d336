import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Failure, Interrupted } from './failure.js';
import { command, follow, insistently, run, shellLine, type Command, type RunOptions } from './host.js';
import { TimeLimit } from './time-limit.js';
import { programPath } from './programs.js';
import { rejection, testHost } from '../../test/support/host.js';

/** A command of the user's own: a hook, for example. */
function sh(script: string, rest: Partial<Command> = {}): Command {
  return { file: 'sh', args: ['-c', script], ...rest };
}

async function failure(promise: Promise<unknown>): Promise<Failure> {
  const error = await rejection(promise);
  expect(error).to.be.instanceOf(Failure);
  return error as Failure;
}

describe('run', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'host-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('gives what the program said, and logs the call as a shell would take it', async () => {
    const host = testHost();
    const { stdout, stderr, exitCode } = await run(host, sh('echo "to $0"; echo err >&2'));
    expect({ stdout, stderr, exitCode }).to.deep.equal({ stdout: 'to sh', stderr: 'err', exitCode: 0 });
    expect(host.log.lines).to.deep.equal([`debug: Calling sh -c 'echo "to $0"; echo err >&2'`]);
  });

  it('fails with the command, its exit code and the end of its output', async () => {
    const error = await failure(run(testHost(), sh('seq 1 100; echo; echo "no space" >&2; exit 3')));
    expect(error.message.split('\n')).to.deep.equal([
      `sh -c 'seq 1 100; echo; echo "no space" >&2; exit 3' failed with exit code 3:`,
      ...Array.from({ length: 19 }, (_, index) => String(82 + index)),
      'no space',
    ]);
  });

  it('fails in one line if the program said nothing', async () => {
    expect((await failure(run(testHost(), { file: 'false', args: [] }))).message).to.equal(
      'false failed with exit code 1',
    );
  });

  it('takes other exit codes than 0 where they mean something', async () => {
    const { exitCode, stdout } = await run(testHost(), sh('echo known; exit 8'), { accept: [2, 8] });
    expect([exitCode, stdout]).to.deep.equal([8, 'known']);
    await failure(run(testHost(), sh('exit 4'), { accept: [2, 8] }));
  });

  it('says which signal ended the program', async () => {
    expect((await failure(run(testHost(), sh('kill -KILL $$')))).message).to.match(/ was terminated by SIGKILL$/);
  });

  it('tells each line as it comes', async () => {
    const seen: string[] = [];
    const script = `echo one; echo two >&2; until [ -e ${directory}/go ]; do sleep 0.02; done; printf three`;
    await follow(testHost(), sh(script), (line) => {
      seen.push(line);
      // The program goes on only when its second line was heard.
      if (seen.length === 2) writeFileSync(join(directory, 'go'), '');
    });
    expect(seen).to.have.members(['one', 'two', 'three']);
  });

  it('fails the same with somebody listening', async () => {
    const lines: string[] = [];
    const onLine = (line: string) => void lines.push(line);
    const error = await failure(follow(testHost(), sh('echo halfway; exit 3'), onLine));
    expect(error.message).to.match(/failed with exit code 3:\nhalfway$/);
    expect(lines).to.deep.equal(['halfway']);
    expect((await failure(follow(testHost(), { file: 'no-such-hook', args: [] }, onLine))).message).to.equal(
      'no-such-hook: command not found',
    );
  });

  it('does not wait for what the program leaves running with its output', async () => {
    const host = testHost();
    const { stdout } = await run(host, sh('sleep 60 & echo $!'), { outputPatience: 50 });
    process.kill(Number(stdout));
    expect(host.log.lines.at(-1)).to.equal(
      "warn: sh -c 'sleep 60 & echo $!' left processes running that hold its output open; not waiting for them",
    );
  });

  it('gives the program no input, or the input that belongs to the call', async () => {
    expect((await run(testHost(), { file: 'cat', args: [] })).stdout).to.equal('');
    expect((await run(testHost(), { file: 'cat', args: [], input: 'ü\n' })).stdout).to.equal('ü');
  });

  describe('when the build is told to stop', () => {
    it('ends the program', async () => {
      const abort = new AbortController();
      const host = testHost(abort.signal);
      const running = rejection(run(host, sh(`echo $$ > ${directory}/pid; exec sleep 60`)));
      const pid = Number(await contentOf(join(directory, 'pid')));
      abort.abort(new Interrupted('SIGINT'));
      expect(await running)
        .to.be.instanceOf(Interrupted)
        .with.property('message', 'interrupted by SIGINT');
      expect(() => process.kill(pid, 0)).to.throw('ESRCH');
    });

    it('ends it also while somebody listens to its lines', async () => {
      const abort = new AbortController();
      const onLine = () => abort.abort(new Interrupted('SIGTERM'));
      const running = follow(testHost(abort.signal), sh('echo started; exec sleep 60'), onLine);
      expect(await rejection(running)).to.be.instanceOf(Interrupted);
    });

    it('sends the signal that the program understands', async () => {
      const abort = new AbortController();
      const script = `trap 'echo INT > ${directory}/heard; exit 0' INT; echo > ${directory}/ready; while :; do sleep 0.02; done`;
      const running = rejection(run(testHost(abort.signal), sh(script), { killSignal: 'SIGINT' }));
      await contentOf(join(directory, 'ready'));
      abort.abort(new Interrupted('SIGHUP'));
      expect(await running).to.have.property('message', 'interrupted by SIGHUP');
      expect(readFileSync(join(directory, 'heard'), 'utf8')).to.equal('INT\n');
    });

    it('kills a program that does not listen', async () => {
      const abort = new AbortController();
      const script = `trap '' TERM; echo > ${directory}/ready; while :; do sleep 0.02; done`;
      const running = rejection(run(testHost(abort.signal), sh(script), { killAfter: 50 }));
      await contentOf(join(directory, 'ready'));
      abort.abort(new Interrupted('SIGTERM'));
      expect(await running).to.be.instanceOf(Interrupted);
    });

    it('starts nothing more, but for what gives something back', async () => {
      const abort = new AbortController();
      abort.abort(new Interrupted('SIGINT'));
      const host = testHost(abort.signal);
      const touch = { file: 'touch', args: [join(directory, 'file')] };
      expect(await rejection(run(host, touch))).to.be.instanceOf(Interrupted);
      expect(existsSync(join(directory, 'file'))).to.be.false;
      await run(insistently(host), touch);
      expect(existsSync(join(directory, 'file'))).to.be.true;
    });
  });

  it('can be ended by a signal of its own, which is a failure and no interruption', async () => {
    const error = await failure(run(testHost(), { file: 'sleep', args: ['60'] }, { signal: new TimeLimit(20).signal }));
    expect(error.message).to.equal('sleep 60 was terminated by image-factory with SIGTERM');
  });

  it('keeps only the end of what a long command says, and cuts lines that never end', async () => {
    let longest = 0;
    const script = 'head -c 8000000 /dev/zero; echo; seq 1 100; exit 3';
    const error = await failure(follow(testHost(), sh(script), (line) => (longest = Math.max(longest, line.length))));
    expect(longest).to.be.lessThan(1_000_000);
    expect(error.message.split('\n').slice(-20)).to.deep.equal(Array.from({ length: 20 }, (_, i) => String(81 + i)));
  });

  describe('says how a command ended', () => {
    const ends: Record<string, [script: string, options: RunOptions, message: RegExp]> = {
      'over its time': [
        'exec sleep 60',
        { timeLimit: 50 },
        /^sh -c 'exec sleep 60' did not finish within 0.05 seconds, and was terminated$/,
      ],
      'over its output': [
        'exec yes "$(printf %0200d 1)"',
        {},
        /^sh -c 'exec yes [^\n]*' printed more than 64 MiB, and was terminated:\n0+1\n/,
      ],
      'killed, for it did not listen': [
        "trap '' TERM; while :; do sleep 0.02; done",
        { timeLimit: 500, killAfter: 50 },
        /did not finish within 0.5 seconds, and was terminated$/,
      ],
      'by a signal from elsewhere': ['kill -KILL $$', {}, / was terminated by SIGKILL$/],
    };
    for (const [how, [script, options, message]] of Object.entries(ends)) {
      it(how, async () => expect((await failure(run(testHost(), sh(script), options))).message).to.match(message));
    }
  });

  it('calls what releases something in a session of its own, where no Ctrl-C reaches it, and with a time limit', async () => {
    const session = sh('ps -o sid= -p $$; echo $$');
    const { stdout } = await run(insistently(testHost()), session);
    const [sid, pid] = stdout.split('\n').map(Number);
    expect(sid).to.equal(pid);
    const [shared] = (await run(testHost(), session)).stdout.split('\n').map(Number);
    expect(shared).not.to.equal(sid);
    expect(insistently(testHost()).timeLimit).to.be.within(1000, 120_000);
  });

  describe('what can not run', () => {
    it('is an empty word, or one that no program can get', async () => {
      expect((await failure(run(testHost(), { file: '', args: [] }))).message).to.match(/begin with an empty word/);
      expect((await failure(run(testHost(), { file: 'true', args: ['a\0'] }))).message).to.match(/NUL byte/);
    });

    it('has too many words, or is a file that no machine can run', async () => {
      const args = ['x'.repeat(200_000)];
      expect((await failure(run(testHost(), { file: 'true', args }))).message).to.match(/too long$/);
    });

    it('is named with the package that brings it', async () => {
      const error = await failure(run(testHost(), command('virt-install', [], { env: { PATH: directory } })));
      expect(error.message).to.equal('virt-install: command not found');
      expect(error.hint).to.equal('Install the package virtinst.');
    });

    it('is not found where a directory of PATH is closed to this user, or holds a file that is no program', async () => {
      writeFileSync(join(directory, 'zerofree'), '');
      const error = await failure(run(testHost(), command('zerofree', [], { env: { PATH: directory } })));
      expect(error).to.include({ message: 'zerofree: command not found', hint: 'Install the package zerofree.' });
    });

    it("is named without advice, if it is the user's own", async () => {
      for (const file of ['no-such-hook', 'constructor', join(directory, 'missing')]) {
        const error = await failure(run(testHost(), { file, args: [] }));
        expect(error).to.include({ message: `${file}: command not found`, hint: undefined });
      }
    });

    it('may lack the permission', async () => {
      const script = join(directory, 'my hook');
      writeFileSync(script, '#!/bin/sh\n');
      chmodSync(script, 0o644);
      const error = await failure(run(testHost(), { file: script, args: [] }));
      expect(error.message).to.equal(`${script}: this user may not execute it`);
      expect(error.hint).to.equal(`Make it executable: chmod +x '${script}'`);
    });

    it('may lack its directory', async () => {
      const error = await failure(run(testHost(), { file: 'true', args: [], cwd: join(directory, 'gone') }));
      expect(error.message).to.equal(
        `true can't run in ${directory}/gone: there is no such directory, or this user may not enter it`,
      );
    });
  });

  describe('the environment', () => {
    const print: Pick<Command, 'file' | 'args'> = { file: 'sh', args: ['-c', 'echo "$LC_ALL|$PATH"; pwd'] };
    const language = process.env.LC_ALL;
    beforeEach(() => (process.env.LC_ALL = 'de_DE.UTF-8'));
    afterEach(() => {
      if (language === undefined) delete process.env.LC_ALL;
      else process.env.LC_ALL = language;
    });

    it("is the user's own for the user's commands", async () => {
      const { stdout } = await run(testHost(), { ...print, cwd: directory });
      expect(stdout.split('\n')).to.deep.equal([`de_DE.UTF-8|${process.env.PATH}`, directory]);
    });

    it('makes known programs speak English, and finds those in sbin', async () => {
      const { env } = command('sfdisk', ['--version']);
      expect(env).to.deep.equal({ LC_ALL: 'C.UTF-8', PATH: programPath() });
      const { stdout } = await run(testHost(), { ...print, ...(env ? { env } : {}) });
      expect(stdout.split('\n')[0]).to.equal(`C.UTF-8|${programPath()}`);
      expect((await run(testHost(), command('sfdisk', ['--version']))).stdout).to.match(/^sfdisk from util-linux/);
    });

    it('can lose a variable', async () => {
      const { stdout } = await run(testHost(), sh('echo "${LC_ALL-not set}"', { env: { LC_ALL: undefined } }));
      expect(stdout).to.equal('not set');
    });
  });
});

describe('shellLine', () => {
  it('is read back by a shell as the same words', async () => {
    const words = ['a b', "it's", '"', '$HOME', '\\', '', 'ü', '*', 'two\nlines'];
    const line = shellLine({ file: 'printf', args: ['%s\\0', ...words] });
    expect((await run(testHost(), sh(line))).stdout.split('\0').slice(0, -1)).to.deep.equal(words);
  });
});

async function contentOf(file: string): Promise<string> {
  for (;;) {
    if (existsSync(file)) {
      const content = readFileSync(file, 'utf8');
      if (content.endsWith('\n')) return content;
    }
    await sleep(5);
  }
}
