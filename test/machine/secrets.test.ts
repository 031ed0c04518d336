import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { quote } from 'shlex';
import type { BuildEvent } from '../../src/report/events.js';
import { baseNameIn, program, RunningBuild, temporaryDirectory } from '../support/demo-image.js';

const minutes = 60_000;
const root = join(dirname(program), '..');

/** That the section does not know: they stand in the answer file. */
const ofAnswerFile = {
  hash: '$6$ownanswerfile$AnyHashWillDo0123456789./abcdefghijklmnopqrstuvwxyz',
  token: `an'swer,file "s3cret" & co`,
};
const secrets = {
  ...ofAnswerFile,
  ofSection: `to'k,en&s3c;ret%`,
  ofProxy: 'pr0xy/s3cret',
};

/** A secret as programs print it. */
function forms(secret: string): string[] {
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    quote(secret).replace(/^'(.*)'$/, '$1'),
  ];
}

function expectNone(what: string, text: string): void {
  for (const [name, secret] of Object.entries(secrets)) {
    for (const form of forms(secret)) expect(text.includes(form), `${name} in ${what}: ${form}`).to.equal(false);
  }
}

/** Prints all secrets in all their forms, as a program might that is called; fails while a file is not there. */
const hook = (output: string) => `#!/bin/sh
cat ${output}/.demo-*.build/answer-file/*
env | grep -i proxy
cat <<'END'
${Object.values(secrets).flatMap(forms).join('\n')}
END
test -e ${output}/../go
`;

describe('the secrets of a build, and its logs', function () {
  this.timeout(10 * minutes);
  const directory = temporaryDirectory();
  const { path } = directory;
  const output = join(path, 'output');
  const named = (end: string) => join(output, `${baseNameIn(output)}.${end}`);
  const args = ['demo', '--config', join(path, 'my.conf'), '-o', output];
  const env = { ...process.env, https_proxy: `http://me:${secrets.ofProxy}@proxy.invalid:3128/` };
  const build = (...flags: string[]) => execa(program, [...args, ...flags], { reject: false, all: true, env });
  const textOf = (events: readonly object[]) => events.map((event) => Object.values(event).join('\n')).join('\n');

  /** What leaves the machine, and what others may read: everything but the image and the work directory. */
  const expectNoneInFiles = (): void => {
    for (const name of readdirSync(output)) {
      const file = join(output, name);
      if (statSync(file).isFile() && !name.endsWith('.qcow2')) expectNone(name, readFileSync(file, 'utf8'));
    }
  };

  let first: RunningBuild;
  let refused: Awaited<ReturnType<typeof build>>;

  before(async () => {
    const demo = readFileSync(join(root, 'demo/demo.preseed.hbs'), 'utf8');
    const { token, hash } = ofAnswerFile;
    writeFileSync(
      join(path, 'own.preseed.hbs'),
      // The last one is a package that the installer's log names.
      `${demo.replace('{{[root-password-hash]}}', hash)}\n# SITE_TOKEN='${token.replaceAll("'", "''")}'\n# API_TOKEN=e2fsprogs\n`,
    );
    const preseed = join(path, 'own.preseed.hbs');
    writeFileSync(
      join(path, 'my.conf'),
      `[DEFAULT]\nformat = qcow2\ninstaller-logs = yes\nlog-file = yes\npost-build-command = ${path}/hook\nsite-token = ${secrets.ofSection}\n` +
        shippedDemo()
          .replace(/^preseed = .*$/m, `preseed = ${preseed}`)
          .replace(/^append = .*$/m, '$& site=${site-token}'),
    );
    writeFileSync(join(path, 'hook'), hook(output), { mode: 0o755 });
    first = new RunningBuild(args, { env });
    const second = new Promise<void>((resolve, reject) => {
      first.at(
        ({ event, stage }) => event === 'stage-started' && stage === 'install',
        () => {
          build().then((ended) => {
            refused = ended;
            resolve();
          }, reject);
        },
      );
    });
    expect(await first.ended(), first.said + textOf(first.events)).to.equal(1);
    await second;
  });

  after(() => directory.remove());

  /** The shipped section, as a user copies it. */
  function shippedDemo(): string {
    const shipped = readFileSync(join(root, 'configs/image-factory.conf'), 'utf8');
    const [section = ''] = /^\[demo\]\n(?:(?!#|\[).*\n)*/m.exec(shipped) ?? [];
    return section.replaceAll('${program_dir}', root).replaceAll('${default_cache_dir}', path);
  }

  it('are on no terminal, and in no file', () => {
    const told = first.said + textOf(first.events);
    expect(told).to.include('failed with exit code 1').and.include('SITE_TOKEN=');
    expectNone('the terminal', told);
    expectNoneInFiles();
  });

  it('are not in the logs of the installer that are printed, nor on its console', () => {
    const log = readFileSync(named('log'), 'utf8');
    expect(log).to.include('Content of /var/log/installer/syslog').and.include('installer: package ***: ');
    expect(log).not.to.include('installer: package e2fsprogs');
    expect(readFileSync(named('console.log'), 'latin1')).to.match(/Command line: .* site=\*\*\*/);
  });

  it('are in no commands of a dry run', async () => {
    const { stdout, stderr, exitCode } = await build('--dry-run');
    expect(exitCode, stderr).to.equal(0);
    expect(stdout).to.include('site=***');
    expectNone('the dry run', stdout + stderr);
  });

  it('leave logs that others may read, as all that lies beside the image', () => {
    const modes = ['console.log', 'boot.log', 'log', 'events.jsonl'].map((end) => statSync(named(end)).mode & 0o777);
    expect(new Set(modes)).to.deep.equal(new Set([0o666 & ~process.umask()]));
  });

  it('a build that is refused leaves the log of the running one alone', () => {
    expect(refused.exitCode, refused.all).to.equal(1);
    expect(refused.all).to.include('is in use by');
    for (const end of ['log', 'events.jsonl']) {
      const text = readFileSync(named(end), 'utf8');
      expect(text).not.to.include('\0').and.not.to.include('is in use by');
    }
    expect(readFileSync(named('log'), 'utf8')).to.match(/^[-\d]+ [:\d]+ INFO: Building demo in /);
  });

  it('a build that is resumed tells no secrets, and goes on with the logs of the installation', async () => {
    const before = Object.fromEntries(['log', 'events.jsonl'].map((end) => [end, readFileSync(named(end), 'utf8')]));
    writeFileSync(join(path, 'go'), '');
    const { exitCode, all } = await build('--resume', '-v');
    expect(exitCode, all).to.equal(0);
    expect(all).to.include('SITE_TOKEN=');
    expectNone('the terminal', all);
    expectNoneInFiles();
    for (const [end, text] of Object.entries(before)) {
      expect(readFileSync(named(end), 'utf8').startsWith(text), end).to.equal(true);
    }
  });

  it('events tell it all: what began, what was done, what was not, what came out', () => {
    const events = readFileSync(named('events.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as BuildEvent);
    const [one, other] = events.flatMap((event, index) => (event.event === 'build-started' ? [index] : []));
    expect(one).to.equal(0);
    const installed = events.slice(0, other);
    const resumed = events.slice(other);
    expect(installed.at(-1)).to.include({ event: 'build-finished', outcome: 'failed', exitCode: 1 });
    expect(installed.find(({ event }) => event === 'stage-failed')).to.include({ stage: 'post-build-command' });
    expect(resumed[0]).to.include({ event: 'build-started', version: 1, image: 'demo', resume: true });
    expect(resumed.find((event) => 'stage' in event && event.stage === 'install')).to.include({
      event: 'stage-skipped',
      why: 'finished before',
    });
    expect(resumed.find((event) => 'stage' in event && event.stage === 'sign')).to.include({ why: 'not asked for' });
    const artifacts = resumed.flatMap((event) => (event.event === 'artifact' ? [event] : []));
    expect(artifacts.map((artifact) => artifact.path)).to.include(named('qcow2'));
    for (const artifact of artifacts) expect(statSync(artifact.path).size).to.equal(artifact.bytes);
    expect(resumed.at(-1)).to.include({ event: 'build-finished', outcome: 'done', exitCode: 0 });
  });

  it('says first that there can be no output directory', async () => {
    copyFileSync(join(path, 'hook'), join(path, 'file'));
    const { exitCode, all } = await build('-o', join(path, 'file/output'));
    expect(exitCode).to.be.oneOf([1, 2]);
    expect(all).to.include('output directory').and.not.include('--log-filename');
    expect(existsSync(join(path, 'file/output'))).to.equal(false);
  });
});
