import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { recipes } from '../../src/images/recipes.js';
import type { RunningBuild } from '../support/demo-image.js';
import { workDirectoryIn } from '../support/demo-image.js';
import { installedDemo, type InstalledDemo } from '../support/demo-user.js';
import { faultTable as table } from '../support/fault-table.js';

const minutes = 60_000;

/** Every fault at every stage takes a quarter of an hour; without this, each fault is tried where most is at stake. */
const everywhere = process.env.IMAGE_FACTORY_FAULTS === 'all';
/** Those of package locks, which the demo's BusyBox has none of: see package-lock-faults.test.ts. */
const lockStages = ['repository', 'check-lock'];
const stageNames = recipes.install.map(({ name }) => name).filter((name) => !lockStages.includes(name));
const keptFrom = stageNames.indexOf('install') + 1;

describe('faults', function () {
  this.timeout(6 * minutes);
  let demo: InstalledDemo;
  /** Asks for every stage there is. */
  let everyStage: string;

  before(async () => {
    demo = await installedDemo();
    const { user } = demo;
    const key = join(user.home, 'faults-key');
    const [file = 'env', ...words] = user.command;
    await execa(file, [...words, 'ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
    everyStage = join(user.home, 'every-stage.conf');
    writeFileSync(
      everyStage,
      `[DEFAULT]
upload_destinations = mirror
sign = ssh
sign-key = ${key}
bundles = vdi
post-build-command = sh -c "sleep 1"
[mirror]
upload_type = rsync
upload_target = ${user.directory('faults-mirror')}/
post-upload-command = sleep 1
`,
    );
    if (!everywhere)
      console.log('        not every stage: that is IMAGE_FACTORY_FAULTS=all, which make check-e2e sets');
  });

  /** Under a final name there is a whole image, with its checksum, or none. */
  const expectNoneOrWhole = async (output: string) => {
    const names = readdirSync(output);
    const images = names.filter((name) => /^demo-.*\.(?:qcow2|vdi)$/.test(name));
    const sums = images.map((name) => `${name}.sha256sum`);
    expect(
      names.filter((name) => name.endsWith('.sha256sum')),
      'image and checksum go together',
    ).to.have.members(sums);
    for (const sum of sums) await execa('sha256sum', ['-c', sum], { cwd: output });
    return images.length > 0 ? 'image whole' : 'no image';
  };

  /** Nothing is left but what can be resumed, and that is said. */
  const expectGivenBack = async (output: string, { kept }: { kept: boolean }) => {
    expect(await demo.user.leftovers(output)).to.deep.equal(kept ? [workDirectoryIn(output)] : []);
    return `${await expectNoneOrWhole(output)}, ${kept ? 'work kept for --resume' : 'nothing left'}`;
  };

  /** The next run: what every fault must leave possible. */
  const expectNextRun = async (output: string, args: readonly string[], program = demo.program) => {
    const { exitCode, all } = await demo.user.run([...args, '-o', output], program);
    expect(exitCode, all).to.equal(0);
    expect(await demo.user.leftovers(output)).to.deep.equal([]);
    expect(await expectNoneOrWhole(output)).to.equal('image whole');
  };

  const atStage =
    (name: string) =>
    ({ event, stage }: { event: string; stage?: string }) =>
      event === 'stage-started' && stage === name;

  describe('of the program itself', () => {
    const tried: Record<string, readonly string[]> = {
      // What Ctrl-C must give back differs from stage to stage.
      SIGINT: stageNames,
      SIGTERM: everywhere ? stageNames : ['create', 'upload'],
      SIGKILL: everywhere ? stageNames : ['fetch', 'clean', 'finish'],
    };
    for (const [signal, names] of Object.entries(tried)) {
      describe(signal, () => {
        let output: string;
        const argsFor = (name: string) => {
          // Stages behind the boot test are reached without it.
          const bootTest = name === 'boot-test' ? [] : ['--no-boot-test'];
          return ['demo', '--config', everyStage, ...bootTest];
        };
        before(() => {
          output = demo.user.directory(`faults-${signal}`);
        });

        for (const name of names) {
          it(`at the stage ${name}`, async () => {
            const build = demo.user.start([...argsFor(name), '-o', output], demo.program);
            build.signalAt(signal as NodeJS.Signals, atStage(name));
            const ended = await build.ended();
            if (signal === 'SIGKILL') {
              expect(ended).to.equal('SIGKILL');
              table.add(signal, name, `killed, ${await expectNoneOrWhole(output)}, cleared up by the next run`);
            } else {
              expect(ended, build.said).to.equal(130);
              const kept = stageNames.indexOf(name) >= keptFrom;
              table.add(signal, name, `exit code 130, ${await expectGivenBack(output, { kept })}`);
            }
          });
        }

        // Each of the builds above was the next run after the one before it, and cleared up behind it.
        it('and the next run succeeds', () => expectNextRun(output, argsFor('install')));
      });
    }

    it('SIGINT during a boot test', async () => {
      const output = demo.user.directory('faults-boot');
      const build = demo.user.start(['demo', '-o', output], demo.program);
      build.signalAt('SIGINT', ({ message }) => message?.startsWith('Waiting for') ?? false);
      expect(await build.ended(), build.said).to.equal(130);
      table.add('SIGINT', 'boot test under way', `exit code 130, ${await expectGivenBack(output, { kept: true })}`);
    });

    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      it(`${signal} during an installation`, async () => {
        const output = demo.user.directory(`faults-installation-${signal}`);
        const build = demo.user.start(['demo', '-o', output]);
        // Sums of files make progress before that.
        build.signalAt(signal, ({ event, text }) => event === 'progress' && text === 'Installing the base system');
        expect(await build.ended(), build.said).to.equal(signal === 'SIGINT' ? 130 : 'SIGKILL');
        if (signal === 'SIGINT') {
          table.add(signal, 'installation', `exit code 130, ${await expectGivenBack(output, { kept: false })}`);
          return;
        }
        expect((await demo.user.leftovers(output)).join('\n')).to.match(/^demo-\S+-[0-9a-f]{8}\.raw$/m);
        table.add(signal, 'installation', `killed, ${await expectNoneOrWhole(output)}, cleared up by the next run`);
        const { exitCode, all } = await demo.user.run(['demo', '-o', output, '--no-boot-test'], demo.program);
        expect(exitCode, all).to.equal(0);
        expect(all).to.match(/An earlier build of demo was not completed: clearing up/);
        expect(await demo.user.leftovers(output)).to.deep.equal([]);
      });
    }
  });

  /** What a build said last. */
  const lastError = (build: RunningBuild) =>
    build.events.filter(({ level }) => level === 'error').at(-1)?.message ?? build.said;

  /** The process of the user whose command line matches, by its id. */
  const processOf = async (pattern: string): Promise<number> => {
    const owner = (await execa('stat', ['-c', '%u', demo.user.home])).stdout;
    const { stdout } = await execa('pgrep', ['--uid', owner, '--full', pattern]);
    return Number(stdout.split('\n')[0]);
  };

  describe('around the program', () => {
    /** Does something while the installer works, and expects the build to fail for it. */
    const during = async (
      output: string,
      args: readonly string[],
      action: () => Promise<unknown>,
      message: RegExp,
      fix: () => void = () => undefined,
    ) => {
      const build = demo.user.start(['demo', '-o', output, ...args]);
      let done = Promise.reject<unknown>(new Error('the installer showed no progress'));
      done.catch(() => undefined);
      build.at(
        ({ event, text }) => event === 'progress' && text === 'Installing the base system',
        () => void (done = action()),
      );
      const ended = await build.ended();
      await done;
      expect(ended, lastError(build)).to.equal(1);
      expect(lastError(build)).to.match(message);
      const outcome = `exit code 1, '${lastError(build).split('\n')[0]?.slice(0, 100)}', ${await expectGivenBack(output, { kept: false })}`;
      fix();
      await expectNextRun(output, ['demo', '--no-boot-test']);
      return outcome;
    };

    it('SIGKILL of qemu', async () => {
      const kill = async () => process.kill(await processOf('qemu-system.*demo-'), 'SIGKILL');
      table.add(
        'SIGKILL of qemu',
        'installation',
        await during(demo.user.directory('faults-qemu'), [], kill, /crashed|failed/),
      );
    });

    it('a full disk', async function () {
      if (process.getuid?.() !== 0) {
        console.log('        skipped: only root mounts a small file system; run: sudo make check');
        this.skip();
      }
      const output = demo.user.directory('faults-full');
      const owner = (await execa('stat', ['-c', 'uid=%u,gid=%g', demo.user.home])).stdout;
      await execa('mount', ['-t', 'tmpfs', '-o', `size=900M,${owner}`, 'none', output]);
      try {
        const filler = join(output, 'filler');
        const fill = () => execa('dd', ['if=/dev/zero', `of=${filler}`, 'bs=1M'], { reject: false });
        const outcome = await during(output, [], fill, /can't be written: is the file system full/, () =>
          rmSync(filler),
        );
        table.add('full disk', 'installation', outcome);
        // Told before anything is done.
        const tooLarge = await demo.user.run(
          ['demo', '-o', output, '--image-size', '2G', '--set', 'space-check=error'],
          demo.program,
        );
        expect(tooLarge.exitCode).to.equal(1);
        expect(tooLarge.all).to.match(/not enough space in .*faults-full.*: 2064 MiB needed \(the disk 2048 MiB, /);
        table.add('too little space', 'before the first stage', 'exit code 1, directory, needed and free told');
      } finally {
        await execa('umount', [output]);
      }
    });

    it('SIGKILL of libvirtd', async () => {
      const kill = async () => process.kill(await processOf('/libvirtd'), 'SIGKILL');
      const outcome = await during(
        demo.user.directory('faults-libvirtd'),
        [],
        kill,
        /install: libvirt stopped during the installation/,
      );
      table.add('SIGKILL of libvirtd', 'installation', outcome);
    });
  });

  describe('of the installer', () => {
    const faults = {
      question: /the installer stopped at a question[^]*\| Prompt: '\?' for help/,
      shell: /the installer can.t go on: dracut is in its emergency shell[^]*\| dracut:\/#/,
      // The console's last lines may be from the middle of the trace.
      panic: /the installer's kernel panicked: sysrq triggered crash[^]*\n.*\| .*\S/,
      poweroff: /there are no partitions on the disk/,
      hang: /the installation did not finish within 20 seconds/,
    };
    for (const [fault, message] of Object.entries(faults)) {
      it(fault, async () => {
        const { user } = demo;
        const output = user.directory(`faults-${fault}`);
        const append = `auto=true priority=critical console=ttyS0 demo/fault=${fault}`;
        const config = await user.likeDemo(`demo-${fault}`, { append });
        const timeout = fault === 'hang' ? '20s' : '5m';
        const args = [`demo-${fault}`, '--config', config, '-o', output, '--timeout', timeout];
        const { exitCode, all } = await user.run(args);
        expect(exitCode, all).to.equal(1);
        expect(all).to.match(message);
        // The one that powers off without having installed anything shows in the stage that looks at the disk.
        const kept = fault === 'poweroff' ? [workDirectoryIn(output, 'demo-poweroff')] : [];
        expect(await user.leftovers(output)).to.deep.equal(kept);
        const files = readdirSync(output).filter((name) => !/\.log$|\.events\.jsonl$|^\./.test(name));
        expect(files).to.deep.equal([]);
        table.add(
          `installer: ${fault}`,
          'install',
          `exit code 1, '${message.exec(all)?.[0].split('\n')[0]}', no image`,
        );
      });
    }

    it('halt', async () => {
      const { user } = demo;
      const output = user.directory('faults-halt');
      const append = 'auto=true priority=critical console=ttyS0 demo/fault=halt';
      const config = await user.likeDemo('demo-halt', { append });
      const { exitCode, all } = await user.run(['demo-halt', '--config', config, '-o', output, '--no-boot-test']);
      expect(exitCode, all).to.equal(0);
      expect(all).to.match(/The installer finished, and halted instead of powering off/);
      expect(readdirSync(output).filter((name) => name.endsWith('.qcow2'))).to.have.length(1);
      table.add('installer: halt', 'install', 'exit code 0, the image is there');
    });
  });
});
