import { appendFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { baseNameIn, workDirectoryIn } from '../support/demo-image.js';
import { installedDemo, type DemoUser } from '../support/demo-user.js';

const minutes = 60_000;

describe('an unfinished build', function () {
  this.timeout(5 * minutes);
  let user: DemoUser;
  let program: readonly string[];

  before(async () => {
    ({ user, program } = await installedDemo());
  });

  /** Builds in a directory of its own, with options that can be changed between two builds. */
  const builds = (name: string) => {
    const output = user.directory(`resume-${name}`);
    const config = join(user.home, `${name}.conf`);
    const args = ['demo', '--config', config, '-o', output];
    return {
      output,
      args,
      build: async (options: Readonly<Record<string, string>>, ...flags: string[]) => {
        const lines = Object.entries({ 'boot-test': 'off', ...options }).map(
          ([option, value]) => `${option} = ${value}`,
        );
        writeFileSync(config, ['[DEFAULT]', ...lines, ''].join('\n'));
        return user.run([...args, ...flags], program);
      },
    };
  };

  /** A whole image and nothing else. */
  const expectWhole = async (output: string, all: string) => {
    expect(await user.leftovers(output), all).to.deep.equal([]);
    const [sum = 'no checksum'] = readdirSync(output).filter((name) => name.endsWith('.sha256sum'));
    await execa('sha256sum', ['-c', sum], { cwd: output });
  };

  const fails = { 'post-build-command': 'false' };
  const succeeds = { 'post-build-command': 'true' };

  it('goes on behind the last stage that ended', async () => {
    const { output, build } = builds('goes-on');
    const first = await build(fails);
    expect(first.exitCode, first.all).to.equal(1);
    expect(first.all).to.match(
      /kept in \S+-goes-on\/\.demo-\S+\.build\. Continue with: image-factory demo --config \S+ -o \S+ --resume/,
    );
    expect(await user.leftovers(output)).to.deep.equal([workDirectoryIn(output)]);
    const second = await build(succeeds, '--resume');
    expect(second.exitCode, second.all).to.equal(0);
    expect(second.all).to.match(/Resuming the build of \S+ at stage 'post-build-command'/);
    expect(second.all).not.to.match(/Converting|Installing/);
    await expectWhole(output, second.all);
  });

  it('begins at the first stage that a changed section touches', async () => {
    const { output, build } = builds('touched');
    await build({ ...fails, 'builder-id': 'urn:example:one' });
    const { exitCode, all } = await build({ ...succeeds, 'builder-id': 'urn:example:two' }, '--resume');
    expect(exitCode, all).to.equal(0);
    expect(all).to.match(/at stage 'provenance'/);
    await expectWhole(output, all);
  });

  it('is kept where the installation is asked for something else', async () => {
    const { output, build } = builds('other');
    await build(fails);
    const { exitCode, all } = await build(succeeds, '--resume', '--image-size', '400M');
    expect(exitCode, all).to.equal(1);
    expect(all).to.match(/can't resume the build of demo: the settings of stage 'create' have changed/);
    expect(await user.leftovers(output)).to.deep.equal([workDirectoryIn(output)]);
    const again = await build(succeeds, '--resume');
    expect(again.exitCode, again.all).to.equal(0);
    await expectWhole(output, again.all);
  });

  it('is kept where what the next stage works on is gone', async () => {
    const { output, build } = builds('gone');
    await build({ ...fails, compression: 'zlib' });
    const { exitCode, all } = await build({ ...succeeds, compression: 'none' }, '--resume');
    expect(exitCode, all).to.equal(1);
    expect(all).to.match(/can't resume the build of demo: \S+\.raw is gone/);
    expect(await user.leftovers(output)).to.deep.equal([workDirectoryIn(output)]);
  });

  it('says so where there is nothing', async () => {
    const { build } = builds('nothing');
    const { exitCode, all } = await build(succeeds, '--resume');
    expect(exitCode, all).to.equal(0);
    expect(all).to.match(/There is no unfinished build of demo in \S+-nothing to resume: starting a new one/);
  });

  it('takes back an image that failed its boot test', async () => {
    const { output, build } = builds('unproven');
    const first = await build({ 'boot-test': 'login', 'boot-timeout': '1s' });
    expect(first.exitCode, first.all).to.equal(1);
    expect(readdirSync(output)).to.include(`${baseNameIn(output)}.qcow2.unproven`);
    const { exitCode, all } = await build({}, '--resume');
    expect(exitCode, all).to.equal(0);
    expect(all).to.match(/at stage 'finish'/);
    expect(readdirSync(output)).not.to.include(`${baseNameIn(output)}.qcow2.unproven`);
    await expectWhole(output, all);
  });

  it('was killed, and goes on with the installed disk, if nobody has written to it', async () => {
    const { output, build, args } = builds('killed');
    const kill = async () => {
      const killed = user.start([...args, '--no-boot-test'], program);
      killed.signalAt('SIGKILL', ({ event, stage }) => event === 'stage-started' && stage === 'convert');
      // The process that gets the signal is the program itself: what stands before it has given way to it.
      expect(await killed.ended()).to.equal('SIGKILL');
    };
    writeFileSync(args[2]!, '');
    await kill();
    const resumed = await build({}, '--resume');
    expect(resumed.exitCode, resumed.all).to.equal(0);
    expect(resumed.all).to.match(/at stage 'convert'/);
    await expectWhole(output, resumed.all);
    await kill();
    appendFileSync(join(output, workDirectoryIn(output), `${baseNameIn(output)}.raw`), 'x');
    const refused = await build({}, '--resume');
    expect(refused.exitCode, refused.all).to.equal(1);
    expect(refused.all).to.match(/can't resume the build of demo: \S+\.raw is not as the earlier build left it/);
    expect(await user.leftovers(output)).to.deep.equal([workDirectoryIn(output)]);
  });

  it('keeps its date', async () => {
    const { output, args } = builds('yesterday');
    writeFileSync(args[2]!, '[DEFAULT]\nboot-test = off\npost-build-command = false\n');
    // These two are more than a day apart.
    const at = (zone: string) => {
      const [file = 'env', ...words] = [...program];
      return [file, ...words.slice(0, -1), `TZ=${zone}`, ...words.slice(-1)];
    };
    const first = await user.run(args, at('Etc/GMT+12'));
    expect(first.exitCode, first.all).to.equal(1);
    const [image] = readdirSync(output).filter((name) => name.endsWith('.qcow2'));
    writeFileSync(args[2]!, '[DEFAULT]\nboot-test = off\npost-build-command = true\n');
    const second = await user.run([...args, '--resume'], at('Etc/GMT-14'));
    expect(second.exitCode, second.all).to.equal(0);
    expect(second.all).to.match(/at stage 'post-build-command'/);
    expect(readdirSync(output).filter((name) => name.endsWith('.qcow2'))).to.deep.equal([image]);
  });

  it('is cleared up by the next build that does not resume it', async () => {
    const { output, build } = builds('cleared');
    await build(fails);
    const { exitCode, all } = await build(succeeds);
    expect(exitCode, all).to.equal(0);
    expect(all).to.match(/An earlier build of demo was not completed: clearing up/);
    await expectWhole(output, all);
  });
});

describe('a second build of the same image in the same directory', function () {
  this.timeout(5 * minutes);
  let user: DemoUser;
  before(async () => {
    ({ user } = await installedDemo());
  });

  it('waits with --wait, saying for whom, and Ctrl-C ends the waiting', async () => {
    const output = user.directory('wait');
    const sleeps = await user.likeDemo('demo-wait', { 'pre-build-command': 'sleep 600' });
    const args = ['demo-wait', '--config', sleeps, '-o', output];
    const first = user.start(args);
    let over = false;
    const firstEnded = first.ended().finally(() => (over = true));
    await new Promise<void>((begun) => first.at(({ event }) => event === 'stage-started', begun));

    const waiting = user.start([...args, '--wait']);
    waiting.at(
      ({ message }) =>
        new RegExp(`Waiting for process ${first.pid}, which is using the image demo-wait`).test(message ?? ''),
      () => waiting.signal('SIGINT'),
    );
    expect(await waiting.ended(), waiting.said).to.equal(130);
    expect(over, 'the first build ended before the waiting did').to.be.false;

    const next = user.start([...args, '--wait']);
    next.at(
      ({ message }) => message?.startsWith('Waiting for process') ?? false,
      () => {
        next.signalAt('SIGINT', ({ event }) => event === 'stage-started');
        first.signal('SIGINT');
      },
    );
    const nextEnded = next.ended();
    expect(await firstEnded).to.equal(130);
    expect(await nextEnded).to.equal(130);
    expect(await user.leftovers(output)).to.deep.equal([]);
  });
});
