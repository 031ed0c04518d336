import { Command, Option } from 'commander';
import type { DibCommandFlags } from './dib.js';
import { severalValues } from './option-values.js';

/** The command with the options of disk-image-create. Its code is loaded when it runs. */
export function addDibCommand(root: Command): void {
  let traces = 0;
  const command = root
    .command('dib')
    .description("build an image as diskimage-builder's disk-image-create does, with its options")
    .argument('<element...>', "elements, among them one of Debian's unless --parent names a system")
    .option('-a <arch>', 'the architecture (default: that of this machine)')
    .option('-o <name>', 'the name of the image, without its suffix (default: image)')
    .option('-t <types>', 'qcow2, raw, vmdk, vdi, vhdx, vpc, vhd, tar, tgz, squashfs or docker, separated by commas')
    .option('-x', 'let hooks trace their commands; twice: more')
    .option('-u', 'do not compress qcow2')
    .option('-n', 'without the element base')
    .addOption(severalValues('-p <packages>', 'install these packages too, separated by commas'))
    .option('--logfile <file>', 'write what hooks say to a file, and not to standard output')
    .option('--checksum', 'write MD5 and SHA-256 sums beside the images')
    .option('--image-size <n>', 'the size of the disk in GiB (default: by what the system takes)')
    .option('--image-extra-size <n>', 'MiB beside what the system takes, instead of two thirds of that')
    .option('--image-cache <dir>', 'keep downloads there (default: ~/.cache/image-create)')
    .option('--max-online-resize <n>', 'the most blocks to which the root file system may grow')
    .option('--mkfs-journal-size <n>', 'the journal of ext4 in MiB (default: 64)')
    .option('--mkfs-options <words>', 'further arguments for mkfs of the root file system')
    .option('--qemu-img-options <words>', 'KEY=VALUE,… for every conversion by qemu-img')
    .option('--root-label <label>', 'the label of the root file system (default: cloudimg-rootfs)')
    .option('--install-type <type>', 'source or package (default: source)')
    .option('--docker-target <name>', 'REPOSITORY:TAG of a docker image')
    .option('--offline', 'do not update what is cached')
    .option('--parent <layer>', 'the system to start from: a layer, a directory or an archive')
    .option('--store-dir <dir>', 'the store of layers')
    .option('--json', 'the files that were made, as JSON');
  // Accepted, and without effect: nothing is built in memory.
  command.addOption(new Option('--no-tmpfs').hideHelp());
  command.addOption(new Option('--min-tmpfs <n>').hideHelp());
  command.addOption(new Option('--ramdisk-element <name>').hideHelp());
  command.addOption(new Option('--config <file>').hideHelp());
  command.addOption(new Option('--verbose').hideHelp());
  command.on('option:x', () => (traces += 1));
  // -c takes a value in other commands, and so it must in all; see commandFirst.
  command.allowUnknownOption();
  command.action(async (words: string[], flags: DibCommandFlags & { x?: unknown }) => {
    const { x: _, ...rest } = flags;
    void _;
    const isClear = words.includes('-c');
    const unknown = words.filter((word) => word.startsWith('-') && word !== '-c');
    if (unknown.length > 0) command.error(`error: unknown option '${unknown[0]}'`);
    const elements = words.filter((word) => word !== '-c');
    const given = { ...rest, ...(traces === 0 ? {} : { x: traces }), ...(isClear ? { c: true } : {}) };
    await (await import('./dib.js')).dib(elements, given);
  });
}
