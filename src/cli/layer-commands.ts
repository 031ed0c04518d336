import { Command, Option } from 'commander';
import type { EditFlags } from './layer.js';
import { compressions, exportFormats } from '../layers/export/formats.js';
import type { LayerExportFlags } from './layer-export.js';
import type { LayerImportFlags } from './layer-import.js';
import type { LayerListFlags } from './layer-list.js';
import type { StoreFlags } from './store-session.js';

const code = () => import('./layer.js');

/** Adds the commands for layers. Their code is loaded when one runs. */
export function addLayerCommands(layer: Command): void {
  verb(layer, 'new', 'make an empty layer, over a closed one or over nothing')
    .argument('<name>', 'the name of the layer')
    .argument('[parent]', 'the layer below it')
    .action(async (name: string, parent: string | undefined, flags: StoreFlags) =>
      (await code()).newOne(name, parent, flags),
    );
  verb(layer, 'edit', 'mount a layer to change it: until it is closed (as root), or while a command runs in it')
    .usage('[options] <name> [-- command...]')
    .argument('<name>', 'the layer; a closed one is opened again if nothing is built on it')
    .argument('[command...]', 'a command and its arguments, to run in the tree')
    .option('-r, --read-only', 'only to look at it; closed layers stay closed')
    .addOption(chroot())
    .action(async (name: string, words: string[], flags: EditFlags) => (await code()).edit(name, words, flags));
  verb(layer, 'close', 'close a layer: it never changes again; prints its content id')
    .argument('<name>', 'the layer')
    .option('--seal', 'have the kernel refuse to read what is changed (fs-verity); this is for good')
    .action(async (name: string, flags: StoreFlags & { seal?: boolean }) => (await code()).close(name, flags));
  verb(layer, 'delete', 'delete layers on which nothing is built')
    .argument('<name...>', 'the layers')
    .action(async (names: string[], flags: StoreFlags) => (await code()).remove(names, flags));
  verb(layer, 'list', 'list the layers, and what the store takes on the disk')
    .option('-t, --tree', 'as a tree of parents and children')
    .addOption(new Option('--names', 'only their names, one per line').conflicts('json'))
    .action(async (flags: LayerListFlags) => (await import('./layer-list.js')).listLayers(flags));
  verb(layer, 'show', 'show a layer: what is below it, what is built on it, content id, size')
    .argument('<name>', 'the layer')
    .action(async (name: string, flags: StoreFlags) => (await code()).show(name, flags));
  verb(layer, 'import', 'make closed layers of a directory, an archive, a container image or a disk')
    .argument('[name]', 'the name of the layer')
    .argument('[source]', 'a directory, tar (.gz, .xz, .zst), OCI or docker image (PATH[:NAME]), or disk')
    .option('--parent <layer>', 'the layer below it')
    .option('--max-entries <n>', 'the most entries that an archive may have (default: 1000000)')
    .option('--max-size <size>', 'the most that an archive may become when it is unpacked (default: 64G)')
    .option('--stacko <dir>', "instead: all images and stackpoints of a directory of Stacko's")
    .action(async (name: string | undefined, source: string | undefined, flags: LayerImportFlags) =>
      (await import('./layer-import.js')).importLayer(name, source, flags),
    );
  verb(layer, 'export', 'write a closed layer as an archive, a container image or a file system')
    .argument('<name>', 'the layer')
    .argument('<file>', 'the file or directory to make; an OCI image in a file ends in .tar')
    .addOption(
      new Option('--format <format>', 'the format (default: by the name of the file, or oci)').choices(exportFormats),
    )
    .option('--flatten', 'the layer and all below it as one tree')
    .addOption(
      new Option('--compression <name>', 'of archives (default: by the name of the file; for oci, gzip)').choices(
        compressions,
      ),
    )
    .action(async (name: string, file: string, flags: LayerExportFlags) =>
      (await import('./layer-export.js')).exportOne(name, file, flags),
    );
  verb(layer, 'diff', 'list the files that differ between two layers, each with all below it')
    .argument('<a>', 'the layer; alone, it is compared with its parent')
    .argument('[b]', 'the layer to compare with')
    .action(async (a: string, b: string | undefined, flags: StoreFlags) => (await code()).diff(a, b, flags));
  verb(layer, 'verify', 'compare closed layers with what they were when they were closed')
    .argument('[name...]', 'the layers (default: all)')
    .action(async (names: string[], flags: StoreFlags) => (await code()).verify(names, flags));
  verb(layer, 'repair', 'end what a crash interrupted, and name what else is wrong in the store')
    .addOption(dryRun('only name it'))
    .action(async (flags: StoreFlags & { dryRun?: boolean }) => (await code()).repair(flags));
  verb(layer, 'gc', 'remove what nothing needs: what a crash left, and old instances')
    .addOption(dryRun('only list it'))
    .option('--keep <n>', 'also remove instances, but for the last n that each stackpoint showed, and pinned ones')
    .action(async (flags: StoreFlags & { dryRun?: boolean; keep?: string }) => (await code()).gc(flags));
}

/** A command of `layer` or `stackpoint`, with the options that all of them have. */
export function verb(group: Command, name: string, description: string): Command {
  return group
    .command(name)
    .description(description)
    .addOption(storeOption())
    .option('--json', 'print the result as JSON')
    .option('-v, --verbose', 'log every command')
    .addOption(new Option('--config <file>', 'read only this configuration file').hideHelp());
}

export function storeOption(): Option {
  return new Option('--store-dir <dir>', 'the store of layers');
}

export function chroot(): Option {
  return new Option(
    '--chroot',
    "make the tree the command's root directory, with /proc, /sys and /dev where it has them",
  );
}

function dryRun(description: string): Option {
  return new Option('--dry-run', description);
}
