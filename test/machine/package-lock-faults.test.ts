import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import type { PackageLock } from '../../src/packages/lock-file.js';
import { DebArchive } from '../support/deb-archive.js';
import { workDirectoryIn, type LogEvent } from '../support/demo-image.js';
import { DemoUser } from '../support/demo-user.js';
import { makeDisk } from '../support/disk.js';
import { faultTable as table } from '../support/fault-table.js';
import { installersPackages } from '../support/installers-packages.js';
import { initrdLike, kernelLike } from '../support/netboot-content.js';

const minutes = 60_000;

/** As in faults.test.ts. */
const everywhere = process.env.IMAGE_FACTORY_FAULTS === 'all';

describe('faults of installations from a package lock', function () {
  this.timeout(5 * minutes);
  let archive: DebArchive;
  let user: DemoUser;
  let configuration: string;
  /** The program with an installation that takes no time: its disk has the packages of the lock. */
  let program: readonly string[];
  let temporary: string;

  before(async () => {
    archive = await DebArchive.make();
    chmodSync(archive.directory, 0o755);
    await archive.publish('stable', [...installersPackages, { name: 'shop' }]);
    user = await DemoUser.create();
    temporary = user.directory('locked-tmp');
    const place = user.directory('locked');
    const at = (name: string) => join(place, name);
    writeFileSync(at('linux'), kernelLike('one'));
    writeFileSync(at('initrd.gz'), initrdLike('one'));
    configuration = at('my.conf');
    writeFileSync(
      configuration,
      `[DEFAULT]
cache_dir = ${at('cache')}
ssh-authorized-keys = ssh-ed25519 AAAA me
server-packages =
udeb-suite = stable
boot-test = off
golden = off
[group shop]
packages = shop
[demo-locked]
like = debian-13
group = shop
linux = ${at('linux')}
initrd = ${at('initrd.gz')}
checksums =
checksums-signature =
package-sources = ${archive.url} stable main
package-keyring = ${archive.keyring}
`,
    );
    const locked = await user.run(['lock', 'demo-locked', '--config', configuration]);
    expect(locked.exitCode, locked.all).to.equal(0);
    const lock = JSON.parse(readFileSync(at('locks/demo-locked.json'), 'utf8')) as PackageLock;
    program = withTemporary(user.installing(diskOf(lock)));
  });
  after(async () => {
    await archive?.remove();
    await user?.remove();
  });

  /** Whatever the program leaves there is its own. */
  const withTemporary = (words: readonly string[]) => [
    ...words.slice(0, -1),
    'env',
    `TMPDIR=${temporary}`,
    ...words.slice(-1),
  ];

  /** A disk with a system that has the packages of a lock. */
  function diskOf({ packages }: PackageLock): string {
    const tree = join(user.home, 'locked-system');
    const files: Record<string, string> = {
      'etc/os-release': 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n',
      'etc/fstab': '',
      'var/lib/dpkg/status': packages
        .map(
          ({ name, version, architecture }) =>
            `Package: ${name}\nStatus: install ok installed\nArchitecture: ${architecture}\nVersion: ${version}\n`,
        )
        .join('\n'),
    };
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(tree, dirname(path)), { recursive: true });
      writeFileSync(join(tree, path), content);
    }
    const disk = join(user.home, 'locked.raw');
    makeDisk(disk, 'dos', [{ type: 'L', size: 32, fileSystem: 'ext4', content: tree }]);
    chmodSync(disk, 0o644);
    return disk;
  }

  /** What of a build may outlive it: keys, repositories, files that were fetched. */
  const scratch = () => [
    ...readdirSync(temporary),
    ...readdirSync(join(user.home, 'locked/cache/.packages/pool')).filter((name) => name.startsWith('.')),
  ];

  const points: Readonly<Record<string, (event: LogEvent) => boolean>> = {
    repository: ({ event, stage }) => event === 'stage-started' && stage === 'repository',
    'check-lock': ({ event, stage }) => event === 'stage-started' && stage === 'check-lock',
    'repository, compiling': ({ event, text }) => event === 'progress' && text === 'Compiling the repository',
  };
  const tried: Readonly<Record<string, readonly string[]>> = {
    SIGINT: Object.keys(points),
    ...(everywhere && { SIGTERM: Object.keys(points) }),
    SIGKILL: everywhere ? Object.keys(points) : ['check-lock', 'repository, compiling'],
  };
  for (const [signal, names] of Object.entries(tried)) {
    describe(signal, () => {
      let output: string;
      before(() => {
        output = user.directory(`locked-${signal}`);
      });
      const args = () => ['demo-locked', '--config', configuration, '--locked', '-o', output];

      for (const name of names) {
        it(`at the stage ${name}`, async () => {
          const build = user.start(args(), program);
          build.signalAt(signal as NodeJS.Signals, points[name] ?? (() => false));
          const ended = await build.ended();
          expect(readdirSync(output).filter((file) => file.includes('.qcow2'))).to.be.empty;
          if (signal === 'SIGKILL') {
            expect(ended).to.equal('SIGKILL');
            if (name.endsWith('compiling')) expect(scratch()).not.to.be.empty;
            return table.add(signal, name, 'killed, no image, cleared up by the next run');
          }
          expect(ended, build.said).to.equal(130);
          const kept = name === 'check-lock';
          expect(await user.leftovers(output)).to.deep.equal(kept ? [workDirectoryIn(output, 'demo-locked')] : []);
          expect(scratch()).to.deep.equal([]);
          table.add(signal, name, `exit code 130, no image, ${kept ? 'work kept for --resume' : 'nothing left'}`);
        });
      }

      // Each of the builds above was the next run after the one before it.
      it('and the next run succeeds, and clears up', async () => {
        const { exitCode, all } = await user.run(args(), program);
        expect(exitCode, all).to.equal(0);
        expect(all).to.match(/has the \d+ packages of the lock, and no others/);
        expect(await user.leftovers(output)).to.deep.equal([]);
        expect(scratch()).to.deep.equal([]);
        const names = readdirSync(output).filter((file) => file.endsWith('.sha256sum'));
        expect(names).to.have.length(1);
        execFileSync('sha256sum', ['--check', '--quiet', ...names], { cwd: output });
      });
    });
  }
});
