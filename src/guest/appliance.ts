import { readdir, realpath } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure } from '../host/failure.js';
import { command, run, type Caller } from '../host/host.js';
import { programDirectory } from '../host/program-directory.js';
import { Packing, writeCpio } from './cpio.js';
import type { GuestKernel } from './kernel.js';
import { packPrograms, programsCalled, usualPrograms } from './programs.js';

/** What the guest's own system is made of. */
export interface Appliance {
  readonly kernel: GuestKernel;
  /** The module of this program that does the work there. */
  readonly module: URL;
  /** Programs beside the usual ones. */
  readonly programs: readonly string[];
  /** A directory for what is made on the way. */
  readonly scratch: string;
}

/** Where this program lies in the guest. */
const home = '/image-factory';

/**
 * Writes the guest's first root directory, which is also its last: node, this program, the programs that it calls, and
 * the kernel's modules. All that is this machine's own, so the work there is done as it is done here.
 *
 * @param file gets a cpio archive, of 120 to 200 MB
 */
export async function writeAppliance(caller: Caller, appliance: Appliance, file: string): Promise<void> {
  const packing = new Packing();
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    packing.add(`/${name}`, { kind: 'link', target: `usr/${name}` });
    packing.add(`/usr/${name}`, { kind: 'directory' });
  }
  for (const path of ['/proc', '/sys', '/dev', '/run', '/mnt', '/var/tmp', '/tree', '/scratch']) {
    packing.add(path, { kind: 'directory' });
  }
  for (const path of ['/tmp', '/root']) packing.add(path, { kind: 'directory', mode: 0o700 });
  for (const [path, text] of Object.entries(smallFiles)) packing.add(path, { kind: 'text', text, mode: 0o644 });
  const called = await programsCalled([...usualPrograms, ...appliance.programs]);
  await packPrograms(caller, packing, new Map([...called, ['/usr/bin/node', await realpath(process.execPath)]]));
  await packProgramItself(packing);
  const order = await packModules(caller, packing, appliance);
  const module = placeOfModule(appliance.module);
  packing.add('/init', { kind: 'text', text: initScript(order, module), mode: 0o755 });
  await writeCpio(packing, file);
}

const smallFiles = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  '/etc/group': 'root:x:0:\ntty:x:5:\n',
  '/etc/hosts': '127.0.0.1 localhost\n',
  '/etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  // Of the network that QEMU makes (QEMU's documentation, "Using the user mode network stack").
  '/etc/resolv.conf': 'nameserver 10.0.2.3\n',
};

/** Where a module lies in the guest, the built one for a source file. @throws Failure where it is not built */
function placeOfModule(module: URL): string {
  const path = relative(programDirectory, fileURLToPath(module)).replace(/^src\/(.*)\.ts$/, 'lib/$1.js');
  if (!path.startsWith('lib/') || !existsSync(join(programDirectory, path))) {
    throw new Failure(`${path} is not built, so no virtual machine can run it`, { hint: 'Run make.' });
  }
  return join(home, path);
}

/** The built program. The work there needs no package from outside of it. */
async function packProgramItself(packing: Packing): Promise<void> {
  packing.add(join(home, 'package.json'), {
    kind: 'copy',
    from: join(programDirectory, 'package.json'),
    mode: 0o644,
  });
  await packFiles(packing, join(programDirectory, 'lib'), join(home, 'lib'));
}

async function packFiles(packing: Packing, from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [here, there] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await packFiles(packing, here, there);
    else if (entry.name.endsWith('.js')) {
      packing.add(there, { kind: 'copy', from: here, mode: 0o644 });
    }
  }
}

const decompressors = { '.xz': 'xz', '.zst': 'zstd', '.gz': 'gzip' } as const;

/** Decompressed, so that it does not matter what insmod(8) of this machine can read. */
async function packModules(caller: Caller, packing: Packing, { kernel, scratch }: Appliance): Promise<string[]> {
  const order: string[] = [];
  for (const module of kernel.modules) {
    const [, name = '', suffix = ''] = /^(.*\.ko)(\.\w+)?$/.exec(basename(module)) ?? [];
    let from = module;
    if (suffix !== '') {
      const program = decompressors[suffix as keyof typeof decompressors];
      if (program === undefined) throw new Failure(`${module} is compressed in a way that is not known here`);
      from = join(scratch, name);
      await run(caller, command(program, ['-dc', module]), { stdoutFile: from });
    }
    packing.add(`/modules/${name}`, { kind: 'copy', from, mode: 0o644 });
    order.push(name);
  }
  return order;
}

/** The name by which the guest knows the channel to this machine. */
export const channelName = 'image-factory';

/**
 * Process 1 of the guest. What it says goes to the console, which is shown where the guest ends before its work is done.
 * If it ends itself, the kernel panics, and the machine is off.
 */
function initScript(modules: readonly string[], module: string): string {
  return `#!/bin/sh
export PATH=/usr/bin HOME=/root LC_ALL=C.UTF-8 TMPDIR=/scratch/tmp
mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o ptmxmode=0666,mode=0620,gid=5 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
ln -s /proc/self/fd /dev/fd
exec </dev/console >/dev/console 2>&1
cd /modules
for name in ${modules.join(' ')}; do
	insmod "$name" || echo "image-factory: $name can't be loaded"
done
cd /
tries=0
while :; do
	for port in /sys/class/virtio-ports/*; do
		[ -e "$port/name" ] && read -r name <"$port/name" && [ "$name" = ${channelName} ] && break 2
	done
	tries=$((tries + 1))
	[ "$tries" -lt 600 ] || { echo 'image-factory: there is no channel to the builder'; exit 1; }
	sleep 0.1
done
node ${module} 3<>"/dev/\${port##*/}" <&3 >&3 3>&-
echo "image-factory: the work ended with exit code $?"
echo o >/proc/sysrq-trigger
sleep 60
`;
}
