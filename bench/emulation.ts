import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { debianDisk, partitionOffset } from './debian-disk.js';
import { median } from './measure.js';
import { save, told, workDirectory } from './result.js';

/*
 * What the work of an installer takes in software (TCG), on the machine that each tool asks for:
 *
 *     npx tsx bench/emulation.ts
 *
 * The Debian system of the bench `finish` boots into a script that does what installers do: it starts many programs,
 * copies files, unpacks and configures a package, makes an initrd. The environment variable ROUNDS says how often
 * (default: 3). Needs root, to make the disk.
 */
const rounds = Number(process.env.ROUNDS ?? 3);

/** The processor as QEMU's `-cpu` takes it, and what tools add to the kernel's arguments. */
const machines = {
  python: { processor: 'qemu64', argument: '' },
  randomAddresses: { processor: 'max,erms=off', argument: '' },
  erms: { processor: 'max', argument: 'norandmaps' },
  ours: { processor: 'max,erms=off', argument: 'norandmaps' },
};

const work = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /tmp
for i in $(seq 200); do /bin/true; done
tar -cf - /usr/share/perl /usr/lib/python3.13 | tar -xf - -C /tmp
mkdir -p /tmp/package/DEBIAN
printf '%s\\n' 'Package: bench' 'Version: 1' 'Architecture: all' 'Maintainer: bench' 'Description: bench' >/tmp/package/DEBIAN/control
cp -a /usr/share/perl /tmp/package/
dpkg-deb -Znone -b /tmp/package /tmp/bench.deb && dpkg -i --force-unsafe-io /tmp/bench.deb
dd if=/dev/zero of=/tmp/zeros bs=64k count=3200 && dd if=/tmp/zeros of=/dev/null bs=64k
update-initramfs -u && echo the work is done >/dev/ttyS0
echo o >/proc/sysrq-trigger
sleep 60
`;

const directory = await mkdtemp(join(workDirectory, 'emulation-'));
try {
  const { disk, kernel, initrd } = await bootIntoWork(directory);
  const seconds = Object.fromEntries(Object.keys(machines).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, machine] of Object.entries(machines)) {
      seconds[name]!.push(await secondsFor({ ...machine, disk, kernel, initrd }));
      console.error(`${name}: ${seconds[name]!.at(-1)!.toFixed(0)} s`);
    }
  }
  const row = (what: string, name: keyof typeof machines) =>
    ({ bench: 'emulation', what, unit: 's', ours: median(seconds[name]!), rival: median(seconds.python!) }) as const;
  const rows = [
    row("an installer's work", 'ours'),
    row('with ERMS', 'erms'),
    row('with random addresses', 'randomAddresses'),
  ];
  console.log(told(await save('emulation', rows)));
} finally {
  await rm(directory, { recursive: true });
}

/** A copy of the disk that does the work and powers off; its kernel and initrd. */
async function bootIntoWork(place: string) {
  const disk = join(place, 'disk.raw');
  await execa('cp', ['--sparse=always', await debianDisk(console.error), disk]);
  const device = `${disk}?offset=${partitionOffset}`;
  const { stdout } = await execa('debugfs', ['-R', 'ls -p /boot', device]);
  const [kernel, initrd] = ['vmlinuz', 'initrd.img'].map((name) => join(place, name)) as [string, string];
  for (const [start, copy] of Object.entries({ vmlinuz: kernel, 'initrd.img': initrd })) {
    const name = new RegExp(`${start}-[^/]+`).exec(stdout)?.[0];
    await execa('debugfs', ['-R', `dump /boot/${name} ${copy}`, device]);
  }
  await writeFile(join(place, 'work'), work);
  await execa('debugfs', ['-w', '-f', '-', device], {
    input: `write ${join(place, 'work')} /work\nset_inode_field /work mode 0100755\n`,
  });
  return { disk, kernel, initrd };
}

/** From the start of QEMU to the power-off of the guest; the disk stays as it is. */
async function secondsFor(machine: {
  readonly processor: string;
  readonly argument: string;
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
}): Promise<number> {
  const begun = performance.now();
  const { stdout } = await execa('qemu-system-x86_64', [
    ...['-accel', 'tcg', '-cpu', machine.processor, '-smp', '2', '-m', '1536'],
    ...['-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-nic', 'none', '-no-reboot'],
    ...['-drive', `file=${machine.disk},format=raw,if=virtio,cache=unsafe,snapshot=on`],
    ...['-kernel', machine.kernel, '-initrd', machine.initrd],
    ...['-append', `root=/dev/vda1 rw console=ttyS0 init=/work ${machine.argument}`],
  ]);
  if (!stdout.includes('the work is done')) throw new Error(`the guest did not do its work:\n${stdout.slice(-2000)}`);
  return (performance.now() - begun) / 1000;
}
