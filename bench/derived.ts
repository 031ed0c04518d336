import { existsSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { aptMirrorUrl } from '../test/e2e/apt-mirror.js';
import { enter, rivalTree } from './disk-of-tree.js';
import { inFreshFileSystem } from './fresh-file-system.js';
import { alternate, measure, type Measurement } from './measure.js';
import { save, workDirectory, type Result, type Row } from './result.js';

const imageFactory = join(import.meta.dirname, '../bin/image-factory');

/** Debian's package of guestfs-tools, with a kernel for its appliance, in a tree of Debian 13. */
const guestPackages = ['guestfs-tools', 'linux-image-amd64', 'qemu-system-x86', 'qemu-utils', 'iproute2', 'passt'];

/** What all three do to the parent: a package, a setting, and a script of which each round has another. */
const setting = '[Journal]\nForwardToConsole=yes\n';
const settingFile = '/etc/systemd/journald.conf.d/10-console.conf';
const script = (round: number) => `#!/bin/sh\nset -e\nsystemctl enable nginx\necho ${round} >/etc/round\n`;

type Say = (line: string) => void;

/** What all three benches begin with: a parent's disk, and the sections of its children. Rivals lie in the same file system. */
async function withParent<T>(say: Say, action: (rival: string, scratch: string) => Promise<T>): Promise<T> {
  const made = await rivalTree(say);
  return inFreshFileSystem('derived', say, async (scratch) => {
    const rival = join(scratch, 'rival');
    await execa('cp', ['--archive', made, rival]);
    await makeParent(scratch, join(rival, 'srv/tree'));
    await writeConfiguration(scratch);
    return action(rival, scratch);
  });
}

/**
 * A child of a Debian system, as a bootable compressed qcow2: the parent with nginx, an element that sets a file, and a
 * script. Beside mkosi with BaseTrees and its incremental cache, in which the packages are installed already.
 */
export async function derived(rounds: number, say: Say): Promise<Result> {
  return withParent(say, async (rival, scratch) => {
    await makeMkosi(rival);
    const mkosi = async (round: number) => {
      await writeFile(join(rival, 'srv/child/mkosi.postinst.chroot'), script(round), { mode: 0o755 });
      const convert =
        'qemu-img convert -c -o compression_type=zstd -W -m 16 -f raw -O qcow2 /srv/out/child.raw /srv/out/child.qcow2';
      return inTree(rival, `mkosi --directory /srv/child --force build && ${convert}`);
    };
    say('derived: the first builds, which fill caches');
    await ours(scratch, 1000, 'web');
    await mkosi(1000);
    const measured = await alternate(rounds, {
      ours: (round) => {
        say(`derived: round ${round + 1} of ${rounds}`);
        return ours(scratch, round, 'web');
      },
      mkosi,
    });
    return save('derived', rowsBeside('mkosi, incremental', measured.ours, measured.mkosi, 0.8));
  });
}

/** The same child beside virt-customize, which changes a copy of the parent's disk in an appliance, here without KVM. */
export async function customized(_rounds: number, say: Say): Promise<Result> {
  return withParent(say, async (_rival, scratch) => {
    await ours(scratch, 1000, 'web');
    const us = await ours(scratch, 1, 'web');
    const them = await customize(scratch, say);
    return save('customized', rowsBeside('virt-customize without KVM', us, them, 0.2));
  });
}

/** Eight children of one parent, two at a time and one by one. */
export async function children(rounds: number, say: Say): Promise<Result> {
  return withParent(say, async (_rival, scratch) => {
    await ours(scratch, 1000, 'parent');
    const eight = await alternate(rounds, {
      parallel: (round) => {
        say(`children: round ${round + 1} of ${rounds}`);
        return ours(scratch, 2000 + round, '--children-of', 'parent', '--jobs', '2');
      },
      serial: (round) => ours(scratch, 3000 + round, '--children-of', 'parent', '--jobs', '1'),
    });
    const what = '8 children with --jobs 2 (beside --jobs 1)';
    const { parallel, serial } = eight;
    return save('children', [
      { bench: 'derived', what, unit: 's', goal: 0.6, ours: parallel.wall, rival: serial.wall },
      { bench: 'derived', what: `${what}, CPU`, unit: 's', ours: parallel.cpu, rival: serial.cpu },
    ]);
  });
}

function rowsBeside(name: string, us: Measurement, them: Measurement, goal: number): Row[] {
  const row = (what: string, unit: Row['unit'], figure: 'wall' | 'cpu' | 'peakMemory' | 'bytesWritten'): Row => ({
    ...{ bench: 'derived', what: `a child as qcow2 (beside ${name}), ${what}`, unit },
    ...{ goal: figure === 'wall' ? goal : undefined, ours: us[figure], rival: them[figure] },
  });
  return [
    row('wall', 's', 'wall'),
    row('CPU', 's', 'cpu'),
    row('peak memory', 'MiB', 'peakMemory'),
    row('written', 'MiB', 'bytesWritten'),
  ];
}

/** Runs a command in a tree of Debian 13, as mkosi and guestfs-tools want it. */
function inTree(tree: string, line: string): Promise<Measurement> {
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
  return measure({ command: ['unshare', ...namespaces, 'sh', '-c', enter, 'sh', tree, 'sh', '-c', line] });
}

/** A disk that boots by both firmwares, of the same tree that mkosi has as its base. */
async function makeParent(scratch: string, tree: string): Promise<void> {
  const disk = join(scratch, 'parent.raw');
  await execa(imageFactory, ['disk', 'make', '--tree', tree, '--layout', 'hybrid', '--size', '3G', disk]);
}

async function writeConfiguration(scratch: string): Promise<void> {
  const element = join(scratch, 'elements/console/install.d');
  await mkdir(element, { recursive: true });
  const hook = `#!/bin/sh -e\nmkdir -p /etc/systemd/journald.conf.d\nprintf '%s' '${setting}' >${settingFile}\n`;
  await writeFile(join(element, '10-console'), hook, { mode: 0o755 });
  const children = Array.from(
    { length: 8 },
    (_, index) => `[child-${index}]\nparent = parent\nrun = child.sh\nfiles = files/${index}\n`,
  );
  for (let index = 0; index < 8; index++) {
    await mkdir(join(scratch, `files/${index}/etc`), { recursive: true });
    await writeFile(join(scratch, `files/${index}/etc/child`), `${index}\n`);
  }
  await writeFile(
    join(scratch, 'bench.conf'),
    [
      '[DEFAULT]\noutput-dir = out\nboot-test = off\nformat = qcow2\n',
      `[web]\nparent = file:parent.raw\npackages = nginx-light\nelements = console\nelement-path = elements:${elements()}\nrun = web.sh\n`,
      '[parent]\nparent = file:parent.raw\n',
      ...children,
    ].join(''),
  );
}

/** Where the package python3-diskimage-builder, or an unpacked one, has its elements. */
function elements(): string {
  return process.env.DIB_ELEMENTS ?? '/usr/share/diskimage-builder/elements';
}

async function ours(scratch: string, round: number, ...words: string[]): Promise<Measurement> {
  await writeFile(join(scratch, 'web.sh'), script(round), { mode: 0o755 });
  await writeFile(join(scratch, 'child.sh'), `#!/bin/sh\necho ${round} >/etc/round\n`, { mode: 0o755 });
  return measure({
    command: [imageFactory, ...words, '--cache-dir', join(scratch, 'cache')],
    cwd: scratch,
    env: { IMAGE_FACTORY_CONFIG: 'bench.conf', IMAGE_FACTORY_STORE_DIR: join(scratch, 'store') },
  });
}

async function makeMkosi(rival: string): Promise<void> {
  const at = (path: string) => join(rival, 'srv/child', path);
  await mkdir(at(`mkosi.extra${settingFile.replace(/\/[^/]*$/, '')}`), { recursive: true });
  await writeFile(at(`mkosi.extra${settingFile}`), setting);
  await cp(join(rival, 'srv/mkosi/mkosi.repart'), at('mkosi.repart'), { recursive: true });
  await mkdir(at('mkosi.cache'), { recursive: true });
  await writeFile(
    at('mkosi.conf'),
    `[Distribution]
Distribution=debian
Release=trixie
LocalMirror=${await aptMirrorUrl()}

[Output]
Format=disk
ImageId=child
OutputDirectory=/srv/out
SplitArtifacts=

[Content]
BaseTrees=/srv/tree
Packages=nginx-light
Bootable=no
WithDocs=yes
CleanPackageMetadata=no

[Build]
Incremental=yes
CacheDirectory=mkosi.cache
WithNetwork=yes
`,
  );
  await cp('/etc/resolv.conf', join(rival, 'etc/resolv.conf'), { dereference: true });
}

async function customize(scratch: string, say: Say): Promise<Measurement> {
  const made = join(workDirectory, 'guestfs');
  if (!existsSync(made)) {
    say('making a tree of Debian 13 with guestfs-tools, with mmdebstrap');
    await rm(`${made}.part`, { recursive: true, force: true });
    const included = `--include=${guestPackages.join(',')}`;
    await execa('mmdebstrap', ['--quiet', '--mode=root', included, 'trixie', `${made}.part`, await aptMirrorUrl()]);
    await execa('mv', [`${made}.part`, made]);
  }
  const guest = join(scratch, 'guestfs');
  await execa('cp', ['--archive', made, guest]);
  say('derived: virt-customize');
  await mkdir(join(guest, 'srv/bench'), { recursive: true });
  await cp('/etc/resolv.conf', join(guest, 'etc/resolv.conf'), { dereference: true });
  await execa('cp', ['--sparse=always', join(scratch, 'parent.raw'), join(guest, 'srv/bench/child.raw')]);
  await writeFile(join(guest, 'srv/bench/console.conf'), setting);
  await writeFile(join(guest, 'srv/bench/web.sh'), script(1), { mode: 0o755 });
  const change = [
    // A machine may have a device of KVM that QEMU can't use.
    'cd /srv/bench; export LIBGUESTFS_BACKEND=direct LIBGUESTFS_BACKEND_SETTINGS=force_tcg;',
    `virt-customize -a child.raw --install nginx-light --mkdir ${settingFile.replace(/\/[^/]*$/, '')}`,
    `--upload console.conf:${settingFile} --run web.sh`,
    '&& qemu-img convert -c -o compression_type=zstd -W -m 16 -f raw -O qcow2 child.raw child.qcow2',
  ].join(' ');
  return inTree(guest, change);
}
