import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { BothPrograms, installedContent, twoAtATime, type Both, type Outcome } from './both-programs.js';
import { expectDocumented, expectSameInstallation } from './differences.js';
import { callsOf, diskSize, line, publishing } from './recorded-commands.js';

/** Each image of the package's configuration, built by the Python image-factory and by ours. */
describe('the images of the Python image-factory', () => {
  let programs: BothPrograms;
  const built = new Map<string, Both>();

  before(async function () {
    programs = await BothPrograms.open(this);
    const config = programs.packageConfiguration().replace('[DEFAULT]\n', '[DEFAULT]\nvirt-type=qemu\n');
    const images = [...config.matchAll(/^\[(.*)\]$/gm)].map(([, name = '']) => name);
    await twoAtATime(
      images.filter((name) => name !== 'DEFAULT' && name !== 'upload-host1'),
      async (image) => void built.set(image, await programs.run({ args: [image], config })),
    );
  });
  after(() => programs?.close());

  /** Says of each image what both have in common, and compares. */
  const same = (what: (outcome: Outcome) => unknown) => {
    for (const [image, { python, ours }] of built) expect(what(ours), image).to.deep.equal(what(python));
  };

  it('are built by both', () => {
    expect(built.size, 'images').to.equal(20);
    for (const [image, { python, ours }] of built) {
      expect(python.status, `${image}: ${python.said}`).to.equal(0);
      expect(ours.status, `${image}: ${ours.said}`).to.equal(0);
    }
  });

  it('are configured without a word of warning', () => {
    for (const [image, { ours }] of built) expect(ours.said, image).not.to.match(/WARN|ERROR/);
  });

  it('are installed by the same virtual machine, but for what docs/migrating.md tells', () => {
    for (const both of built.values()) expectSameInstallation(both);
  });

  it('get the same kernel, initrd and answer file, byte by byte', () => {
    same(({ netboot, injected }) => ({ netboot, injected }));
    for (const [image, { ours }] of built) {
      expect(Object.keys(ours.netboot), image).to.have.members(['kernel', 'initrd']);
      expect(Object.keys(ours.injected), image).to.have.lengthOf(1);
    }
  });

  it('have disks of the same size', () => {
    same(diskSize);
  });

  it('fetch the same files by rsync', () => {
    same((outcome) =>
      fetches(outcome)
        .map(({ uri }) => uri)
        .sort(),
    );
    same((outcome) =>
      fetches(outcome)
        .map(({ cachedAs }) => cachedAs)
        .sort(),
    );
  });

  it('fetch them with options of ours that make it safe, and no others', () => {
    for (const [image, { python, ours }] of built) {
      for (const { options } of fetches(python)) expect(options, image).to.deep.equal(['--no-motd']);
      for (const { options } of fetches(ours)) {
        expect(options, image).to.deep.equal(['--no-motd', '--times', '--copy-links', '--timeout=60']);
      }
    }
  });

  it('undefine the domain when it is done', () => {
    const undefined_ = (outcome: Outcome) =>
      callsOf(outcome, 'virsh')
        .filter(({ args }) => args.includes('undefine'))
        .map((call) => line(call, outcome));
    same(undefined_);
  });

  it('leave files of the same names; ours also the console and the events', () => {
    for (const [image, { python, ours }] of built) {
      const today = /-(\d{4}-\d\d-\d\d)\.qcow2$/m.exec(python.files.join('\n'))?.[1];
      const records = ['console.log', 'events.jsonl'].map((end) => `${image}-${today}.${end}`);
      expect(ours.files, image).to.have.members([...python.files, ...records]);
      const base = `${image}-${today}`;
      expect(python.files, image).to.have.members([`${base}.log`, `${base}.qcow2`, `${base}.qcow2.sha256sum`]);
    }
  });

  it('leave a checksum file that says the same of its own image, byte by byte', () => {
    for (const [image, both] of built) {
      for (const { directory, files } of [both.python, both.ours]) {
        const name = files.find((file) => file.endsWith('.qcow2')) ?? '';
        const sum = createHash('sha256')
          .update(readFileSync(join(directory, name)))
          .digest('hex');
        expect(readFileSync(join(directory, `${name}.sha256sum`), 'utf8'), image).to.equal(`${sum}  ${name}\n`);
      }
    }
  });

  it('are qcow2 images of the same virtual size', () => {
    same(({ directory, files }) => {
      const image = join(directory, files.find((file) => file.endsWith('.qcow2')) ?? '');
      const info = execFileSync('qemu-img', ['info', '--output', 'json', image], { encoding: 'utf8' });
      const { format, 'virtual-size': size } = JSON.parse(info) as Record<string, unknown>;
      return { format, size };
    });
  });

  it('are uploaded by the same command, and followed by the same hooks, in the same order and directory', () => {
    same(publishing);
    expect(publishing(built.get('Debian-8-server')!.python)).to.deep.equal([
      '.$ rsync --progress Debian-8-server-DATE.qcow2 Debian-8-server-DATE.qcow2.sha256sum user@upload-host1.example.com:/srv/',
      '.$ ssh user@upload-host1.example.com ls /srv/Debian-8-server-DATE.qcow2',
    ]);
    same((outcome) => outcome.uploaded);
  });

  it('leave standard output to the programs that are called; ours puts into the log what they say', () => {
    for (const [image, { python, ours }] of built) {
      const disk = python.files.find((name) => name.endsWith('.qcow2'))?.replace('.qcow2', '.raw');
      expect(python.stdout.split('\n'), image).to.deep.equal([
        `Formatting '${disk}', fmt=raw size=${diskSize(python)}`,
        'this is ssh',
      ]);
      expect(ours.stdout, image).to.equal('');
      expect(ours.said, image).to.match(/^[-\d]+ [:\d]+ INFO: this is ssh$/m);
    }
    expectDocumented('output goes to the log');
  });

  it("print the same installer's logs", () => {
    const logs = ({ directory, files }: Outcome) => {
      const log = files.find((file) => file.endsWith('.log') && !file.includes('console')) ?? '';
      const messages = readFileSync(join(directory, log), 'utf8').split(/^(?=\d{4}-\d{2}-\d{2} )/m);
      // Python ends each by an empty line.
      return messages.flatMap((message) => /Content of [^]*/.exec(message)?.[0].trimEnd() ?? []);
    };
    for (const [image, { python, ours }] of built) {
      // Anaconda leaves these as well.
      const added = ['original-ks.cfg', 'install.log', 'install.log.syslog'].map((name) =>
        `Content of /root/${name}:\n${installedContent(`root/${name}`)}`.trimEnd(),
      );
      expect(logs(ours), image).to.have.members([...logs(python), ...added]);
    }
  });
});

function fetches(outcome: Outcome) {
  return callsOf(outcome, 'rsync')
    .filter(({ args }) => args.at(-2)?.startsWith('rsync:'))
    .map(({ args }) => ({
      options: args.slice(0, -2),
      uri: args.at(-2),
      cachedAs: basename(args.at(-1) ?? ''),
    }));
}
