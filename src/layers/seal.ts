import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { holdDirectory } from '../host/directory-lock.js';
import { Failure } from '../host/failure.js';
import { filter, nothing } from '../host/filter.js';
import { command, type Caller } from '../host/host.js';
import { closedLayer, type Layer, type LayerRecord } from './layers.js';
import { writeRecord } from './record.js';
import { changing, syncTree, within, type Store } from './store.js';

/**
 * Enables fs-verity for the files whose names come, each with a zero byte, as fsverity(1) does for one file a call:
 * FS_IOC_ENABLE_VERITY with SHA-256 and blocks of 4096 bytes, or those of the file system where they are smaller: larger ones
 * it refuses. A file that has it already stays as it is (EEXIST, 17).
 */
const script = `
$/ = "\\0";
while (my $path = <STDIN>) {
  chomp $path;
  open(my $file, "<", $path) or die "$path: $!\\n";
  my $block = (stat $file)[11] || 4096;
  $block = 4096 if $block > 4096;
  my $argument = pack("L4 Q L2 Q Q11", 1, 1, $block, 0, 0, 0, 0, 0, (0) x 11);
  ioctl($file, 0x40806685, $argument) or $! == 17 or die "$path: $!\\n";
}`;

/**
 * Has the kernel refuse to read what is changed in a closed layer from now on, and let nobody write to its files, with
 * fs-verity: see Documentation/filesystems/fsverity.rst of Linux. It can't be taken back; the layer can be deleted.
 *
 * @throws Failure if the layer is open, or the kernel or the store's file system has no fs-verity: nothing is changed then
 */
export async function sealLayer(store: Store, name: string): Promise<Layer> {
  await closedLayer(store, name);
  const directory = within(store, 'layers', name);
  const giveBack = await holdDirectory(store.host, directory, `layer '${name}'`);
  try {
    // The first file tells whether it can be done at all.
    await sealFiles(store.host, directory, 'manifest', name);
    const sealed = await changing(store, async () => {
      const { tree, ...layer } = await closedLayer(store, name);
      const record: LayerRecord & { name?: string } = { ...layer, sealed: true };
      delete record.name;
      await writeRecord(join(directory, 'layer.json'), record);
      return { ...layer, sealed: true, tree };
    });
    await sealFiles(store.host, directory, 'tree', name);
    await syncTree(store, directory);
    return sealed;
  } finally {
    await giveBack();
  }
}

async function sealFiles(host: Caller, directory: string, below: string, name: string): Promise<void> {
  host.log.progress({ text: `Sealing layer ${name}` });
  const files = command('find', [below, '-xdev', '-type', 'f', '-print0'], { cwd: directory });
  const enable = command('perl', ['-e', script], { cwd: directory, env: { LC_ALL: 'C' } });
  try {
    await pipeline(filter(host, files)(nothing()), filter(host, enable), async (output: AsyncIterable<Buffer>) => {
      for await (const chunk of output) void chunk;
    });
  } catch (error) {
    // EINVAL: before 6.3, Linux takes only blocks as large as pages of memory.
    if (!/Inappropriate ioctl|not supported|Invalid argument/.test(String(error))) throw error;
    throw new Failure(
      `layer '${name}' can't be sealed: the kernel or the file system of ${directory} has no fs-verity`,
      {
        hint: 'ext4 has it with the feature verity (tune2fs -O verity DEVICE), before Linux 6.3 only with blocks of 4096 bytes; Btrfs since Linux 5.15.',
        cause: error,
      },
    );
  }
}
