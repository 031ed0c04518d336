import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SystemFiles } from '../../disk/system-files.js';
import { readSystem } from '../../disk/system.js';
import { Volumes } from '../../disk/volumes.js';
import { Failure } from '../../host/failure.js';
import { besideOf } from '../../config/bundle-files.js';
import { fileNameOf, numberOption, type Made, type Making } from '../making.js';
import type { DiskSource } from '../source.js';
import { copyRaw } from './raw.js';

/** What a kernel of x86 must be built with to start as each kind of guest. */
const kernelOptions = { pv: ['CONFIG_XEN_PV'], pvh: ['CONFIG_XEN_PVH', 'CONFIG_PVH'] } as const;

/** Where Xen's tools keep disks by custom. */
const usualDirectory = '/var/lib/xen/images';

/**
 * The raw disk, its kernel and its initrd, and a configuration of xl that starts them (xl.cfg(5)): neither kind of guest
 * has a firmware that would find them on the disk.
 *
 * @throws Failure where the kernel can't be started by Xen
 */
export async function writeXen(making: Making, source: DiskSource): Promise<Made> {
  const { host, target, image, directory } = making;
  const type = target.subformat === 'pv' ? 'pv' : 'pvh';
  const { kernel, root } = await making.facts();
  if (kernel === undefined) throw new Failure(`the target '${target.name}' needs a kernel, and there is none in /boot`);
  const name = await fileNameOf(making);
  const beside = (end: string) => besideOf(name, end);
  const [linux, initrd, configuration] = [beside('vmlinuz'), beside('initrd'), beside('cfg')];
  const hasInitrd = await Volumes.use(host, await source.raw(), async (volumes) => {
    const files = new SystemFiles(await readSystem(volumes), volumes);
    const config = join(directory, 'config');
    if (await files.copyOut(`/boot/config-${kernel}`, config)) {
      expectXen(await readFile(config, 'utf8'), type, kernel);
    } else host.log.warn(`/boot/config-${kernel} is missing: whether the kernel starts as ${type} is not known`);
    await takeOut(files, `/boot/vmlinuz-${kernel}`, join(directory, linux));
    for (const path of [`/boot/initrd.img-${kernel}`, `/boot/initramfs-${kernel}.img`, `/boot/initrd-${kernel}`]) {
      if (await files.copyOut(path, join(directory, initrd))) return true;
    }
    return false;
  });
  await copyRaw(making, source, join(directory, name));
  const place = target.options.directory ?? usualDirectory;
  const lines = [
    `# ${image}: put the files below ${place}, then: xl create ${configuration}`,
    `type = "${type}"`,
    `name = ${quoted(image)}`,
    `memory = ${numberOption(target, 'memory', 1024)}`,
    `vcpus = ${numberOption(target, 'cpus', 1)}`,
    `kernel = ${quoted(`${place}/${linux}`)}`,
    ...(hasInitrd ? [`ramdisk = ${quoted(`${place}/${initrd}`)}`] : []),
    `cmdline = "root=${root ?? '/dev/xvda1'} ro console=hvc0"`,
    `disk = [ ${quoted(`format=raw, vdev=xvda, access=rw, target=${place}/${name}`)} ]`,
    `vif = [ "${target.options.bridge === undefined ? '' : `bridge=${target.options.bridge}`}" ]`,
    'on_poweroff = "destroy"',
    'on_reboot = "restart"',
    'on_crash = "destroy"',
    '',
  ];
  await writeFile(join(directory, configuration), lines.join('\n'));
  const files = [name, configuration, linux, ...(hasInitrd ? [initrd] : [])];
  return { files, disk: { format: 'raw', file: name } };
}

/** A string of xl's language, which has the escapes of C. */
const quoted = (text: string) => JSON.stringify(text);

async function takeOut(files: SystemFiles, path: string, to: string): Promise<void> {
  if (!(await files.copyOut(path, to))) throw new Failure(`${path} can't be copied out of the disk`);
}

function expectXen(config: string, type: 'pv' | 'pvh', kernel: string): void {
  const set = new Set(config.split('\n'));
  if (kernelOptions[type].some((option) => set.has(`${option}=y`))) return;
  throw new Failure(
    `the kernel ${kernel} can't start as a guest of Xen of type ${type}: ${kernelOptions[type].join(' and ')} ${kernelOptions[type].length > 1 ? 'are' : 'is'} not set`,
    {
      hint: "Install a kernel that can: Debian's linux-image-amd64 does.",
    },
  );
}
