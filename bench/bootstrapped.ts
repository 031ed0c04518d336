import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { compileRepository } from '../src/packages/compile-repository.js';
import { makeBuildKey } from '../src/packages/build-key.js';
import type { PackageLock } from '../src/packages/lock-file.js';
import { enter, rivalTree } from './disk-of-tree.js';
import { inFreshFileSystem } from './fresh-file-system.js';
import { alternate, measure, type Measurement } from './measure.js';
import { listOf, lockOf, ours, pool, prepare, scratch, withHost, type BenchHost } from './packages.js';
import { save, type Result, type Row } from './result.js';

// All three begin with the same files of packages on this machine, which are in the page cache, and an empty directory; as root. They
// install the same packages, without recommended ones, and end with a disk of 2 GiB in a compressed qcow2 of the same
// options. What only ours does is in its time: its repository is compiled and signed, the tree is put into the store, brought to the disk with
// fsync(2), cleaned, and checked by the rules of golden images; the disk boots by BIOS and UEFI; sum, bill of materials, manifest
// and provenance are written.
//
// The others get what makes them faster: a repository that is there already, without a signature to check; what they make is
// not brought to the disk; mmdebstrap's disk has no boot loader. mkosi has an EFI system partition with GRUB, kernel and the initial RAM disk that the
// packages made, instead of one of its own, for which it would install a second tree.
//
// vmdb2 and disk-image-create are not among them: both want loop devices with partitions or the device mapper, which this
// machine does not have. Their work between tree and image is that of the usual steps.

const convert = 'qemu-img convert -c -W -m 16 -f raw -O qcow2 -o compression_type=zstd';

/** What mmdebstrap and the usual tools make of the packages: a tree, partitions, file systems, a compressed image. */
const usualSteps = `set -eu
tree=$1; disk=$2; list=$3; image=$4; repository=$5
mmdebstrap --quiet --mode=root --variant=essential --include="$list" --aptopt='Apt::Install-Recommends "false"' \\
  --dpkgopt=force-unsafe-io trixie "$tree" "deb [trusted=yes] copy:$repository trixie main"
truncate -s 2G "$disk"
printf 'label: gpt\\nsize=1MiB, type=21686148-6449-6E6F-744E-656564454649\\nsize=256MiB, type=C12A7328-F81F-11D2-BA4B-00C04FC93EC9\\ntype=linux\\n' | sfdisk --quiet "$disk"
mkfs.vfat -F 32 --offset 4096 "$disk" 262144 >/dev/null
mke2fs -q -F -t ext4 -d "$tree" -E offset=$((258 * 1048576)) "$disk" 1780M
${convert} "$disk" "$image"`;

/** Images of packages beside mkosi, and beside mmdebstrap and the steps that others do with its tree. */
export async function bootstrapped(rounds: number, say: (line: string) => void): Promise<Result> {
  await prepare(say);
  const made = await rivalTree(say);
  return inFreshFileSystem('bootstrapped', say, (fresh) =>
    withHost(async (host) => {
      const rival = join(fresh, 'rival');
      await execa('cp', ['--archive', made, rival]);
      return save('bootstrapped', await imageRows(host, { fresh, rival, rounds, say }));
    }),
  );
}

interface Rounds {
  /** A file system in which nothing is deleted between rounds. */
  readonly fresh: string;
  /** The tree with mkosi, in it. */
  readonly rival: string;
  readonly rounds: number;
  readonly say: (line: string) => void;
}

async function imageRows(host: BenchHost, { fresh, rival, rounds, say }: Rounds): Promise<Row[]> {
  const lock = lockOf('server');
  const repository = join(scratch, 'repository-server');
  const theirs = join(rival, 'srv/repository');
  const key = await makeBuildKey(host);
  for (const directory of [repository, theirs]) {
    await rm(directory, { recursive: true, force: true });
    await compileRepository(host, { lock, pool, directory, suite: 'trixie', key });
  }
  await configureMkosi(rival, lock);
  const at = (name: string, round: number) => join(fresh, `${name}-${round}`);
  const measured = await alternate(rounds, {
    ours(round) {
      say(`bootstrapped: round ${round + 1} of ${rounds}`);
      const places = ['--store-dir', at('store', round), '--output-dir', at('out', round)];
      return measure({ command: ours('server', '--locked', ...places), cwd: scratch });
    },
    usual(round) {
      const words = [at('tree', round), at('disk', round), listOf(lock), at('image', round), repository];
      return measure({ command: ['sh', '-c', usualSteps, 'sh', ...words] });
    },
    mkosi: () => mkosi(rival),
  });
  const image = (await readdir(at('out', 0))).find((name) => name.endsWith('.qcow2')) ?? '';
  const [own, usual, other] = await Promise.all(
    [join(at('out', 0), image), at('image', 0), join(rival, 'srv/out/server.qcow2')].map(
      async (file) => (await stat(file)).size,
    ),
  );
  return [
    ...rowsBeside('mmdebstrap, mke2fs, qemu-img', measured.ours, measured.usual, [own ?? 0, usual ?? 0]),
    ...rowsBeside('mkosi', measured.ours, measured.mkosi, [own ?? 0, other ?? 0]),
  ];
}

function rowsBeside(name: string, us: Measurement, them: Measurement, sizes: readonly [number, number]): Row[] {
  const what = `packages to a compressed image that boots (beside ${name})`;
  const row = (text: string, unit: Row['unit'], own: number, rival: number, goal?: number): Row => ({
    ...{ bench: 'bootstrapped', what: text, unit, ours: own, rival, goal },
  });
  return [
    row(what, 's', us.wall, them.wall, 0.8),
    row(`the same (beside ${name}), CPU`, 's', us.cpu, them.cpu),
    row(`the same (beside ${name}), size`, 'MiB', ...sizes),
  ];
}

/** Runs mkosi in its tree of Debian 13. */
function mkosi(rival: string): Promise<Measurement> {
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
  const line = `rm -f /srv/out/server* && mkosi --directory /srv/server --force build && ${convert} /srv/out/server.raw /srv/out/server.qcow2 && rm /srv/out/server.raw`;
  return measure({ command: ['unshare', ...namespaces, 'sh', '-c', enter, 'sh', rival, 'sh', '-c', line] });
}

/** mkosi's image of the same packages. */
async function configureMkosi(rival: string, lock: PackageLock): Promise<void> {
  const kernel = lock.packages.find(({ name }) => /^linux-image-\d/.test(name))?.name.replace('linux-image-', '') ?? '';
  const files: Readonly<Record<string, string>> = {
    'mkosi.conf': `[Distribution]
Distribution=debian
Release=trixie
LocalMirror=file:///srv/repository
RepositoryKeyCheck=no

[Output]
Format=disk
ImageId=server
SectorSize=512
OutputDirectory=/srv/out
SplitArtifacts=

[Content]
Packages=${listOf(lock).replaceAll(',', '\n    ')}
Bootable=no
WithDocs=yes
CleanPackageMetadata=no

[Build]
WithNetwork=no
`,
    'mkosi.extra/boot/EFI/debian/grub.cfg': `linux /vmlinuz-${kernel} root=PARTLABEL=root ro
initrd /initrd.img-${kernel}
boot
`,
    'mkosi.repart/00-esp.conf': `[Partition]
Type=esp
Format=vfat
CopyFiles=/boot:/
CopyFiles=/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed:/EFI/BOOT/BOOTX64.EFI
SizeMinBytes=256M
SizeMaxBytes=256M
`,
    'mkosi.repart/10-root.conf': `[Partition]
Type=linux-generic
Label=root
Format=ext4
CopyFiles=/
SizeMinBytes=1700M
SizeMaxBytes=1700M
`,
  };
  await rm(join(rival, 'srv/server'), { recursive: true, force: true });
  for (const [path, text] of Object.entries(files)) {
    const file = join(rival, 'srv/server', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}
