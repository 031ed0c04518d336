import { createHash } from 'node:crypto';
import { mkdir, open, rename, stat, truncate } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '../../host/failure.js';
import { run, type Host } from '../../host/host.js';
import { holdScratchDirectory } from '../../host/scratch-directory.js';
import { ownersOfTree } from '../../host/tree-namespace.js';
import type { Layout } from '../../layout/layout.js';
import { addBootLoaders, type BootLoaderChoice } from './boot/add-boot-loaders.js';
import { writeBiosBoot } from './boot/bios.js';
import { devicePlaces } from './device-places.js';
import { fitProblem, layoutProblems, rightsProblems } from './disk-problems.js';
import { fileSystemUuids } from './file-systems.js';
import { fillFileSystems } from './fill-file-systems.js';
import { Identifiers } from './identifiers.js';
import { holders, mountedIn } from './mount-points.js';
import { addSystemFiles } from './system-additions.js';
import { listTree, withAdded, type TreeEntry } from './tree-listing.js';
import { commandInView, inView, makeTreeView, type TreeView } from './tree-view.js';
import { writePartitionTable } from './write-partition-table.js';
import { writePhysicalVolumes } from './write-physical-volumes.js';

/** A disk to be made from a tree. */
export interface DiskOfTree {
  readonly layout: Layout;
  /** A directory with a whole system, or with data. */
  readonly tree: string;
  /** The file of the first disk; others lie beside it, as `NAME.raw`. */
  readonly output: string;
  readonly bootLoader: BootLoaderChoice;
  /** Further words of the kernel's command line. */
  readonly kernelWords: readonly string[];
  /** SOURCE_DATE_EPOCH: no time on the disk is later, and identifiers come from what is on it. Undefined: now, and at random. */
  readonly epoch: number | undefined;
}

/**
 * Makes raw disks of a layout from a directory tree, without root and without loop devices.
 *
 * @returns their files, in the order of the layout
 * @throws UsageError for a layout or a tree that can't become a disk; nothing is made then
 */
export async function makeDisk(host: Host, wanted: DiskOfTree): Promise<readonly string[]> {
  const { layout, epoch } = wanted;
  const tree = resolve(wanted.tree);
  if (!(await isDirectory(tree))) throw new UsageError([`${wanted.tree}: there is no such directory`]);
  if (`${resolve(wanted.output)}/`.startsWith(`${tree.replace(/\/$/, '')}/`)) {
    throw new UsageError([
      `${wanted.output}: it is in the tree ${wanted.tree}, and would hold itself: choose another directory`,
    ]);
  }
  const places = devicePlaces(layout);
  refuse([...layoutProblems(layout, places), ...rightsProblems(layout, process.getuid?.() ?? 0)]);
  const outputs = outputFiles(layout, resolve(wanted.output));
  const { path: work } = await holdScratchDirectory(host, 'disk', dirname(outputs[0] ?? ''));
  await mkdir(join(work, 'view'));
  const asItIs = await makeTreeView(join(work, 'view'), { tree, namespace: await ownersOfTree(tree) });
  const added = { directory: join(work, 'added'), epoch };
  await mkdir(added.directory);

  host.log.info(`Reading the tree ${tree}`);
  const entries = await listTree(host, asItIs, { top: '/', masked: [] });
  const identifiers = epoch === undefined ? Identifiers.random() : new Identifiers(digest(layout, entries, epoch));
  const uuids = fileSystemUuids(layout, identifiers);
  await addSystemFiles(layout, entries, added.directory);
  const bios = await addBootLoaders(
    host,
    { ...wanted, tree, entries, uuids },
    {
      added: added.directory,
      scratch: work,
      copyFromTree: (from, to) => copyFromTree(host, asItIs, from, join(added.directory, to)),
      readTree: async (path) =>
        (await run(host, commandInView(asItIs, [], 'cat', ['--', inView(asItIs, path)]))).stdout,
    },
  );
  const content = { view: { ...asItIs, added }, entries: await withAdded(entries, added) };
  refuseWhatDoesNotFit(layout, content.entries);

  const files = new Map(layout.disks.map(({ name }, index) => [name, join(work, `${index}.raw`)]));
  for (const disk of layout.disks) {
    const file = files.get(disk.name) ?? '';
    await (await open(file, 'wx')).close();
    await truncate(file, disk.size);
    await writePartitionTable(host, disk, { file, scratch: work, identifiers });
  }
  await writePhysicalVolumes(layout, places, identifiers, { files, time: epoch ?? Math.floor(Date.now() / 1000) });
  await fillFileSystems(host, { layout, places, files, uuids, identifiers, ...content, epoch, work });
  if (bios) await writeBiosBoot(files.get(bios.disk) ?? '', bios);
  for (const [index, output] of outputs.entries()) await rename(join(work, `${index}.raw`), output);
  return outputs;
}

/** Disks beside the first one have the names that the layout gives them. */
function outputFiles({ disks }: Layout, output: string): string[] {
  return disks.map(({ name }, index) => (index === 0 ? output : join(dirname(output), `${name}.raw`)));
}

async function copyFromTree(host: Host, view: TreeView, from: string, to: string): Promise<void> {
  await run(host, commandInView(view, [], 'cp', ['--', inView(view, from), to]));
}

/** @param entries the tree as it is to be on the disk */
function refuseWhatDoesNotFit(layout: Layout, entries: readonly TreeEntry[]): void {
  const places = devicePlaces(layout);
  const holderOf = holders(layout);
  const held = new Map<string | undefined, TreeEntry[]>();
  for (const entry of entries) {
    const mount = holderOf(`/${entry.path}`)?.mount;
    const others = held.get(mount);
    if (others === undefined) held.set(mount, [entry]);
    else others.push(entry);
  }
  const problems = layout.fileSystems.flatMap(({ name, on }) => {
    const mounts = mountedIn(layout).flatMap((one) => (one.name === name ? [one.mount] : []));
    const parts = mounts.map((mount) => held.get(mount) ?? []);
    return fitProblem({ name, mounts }, places.get(on) ?? [], parts) ?? [];
  });
  refuse(problems);
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new UsageError(problems);
}

/** What a disk is made of: its layout, its time, and every name, owner, mode and size. */
function digest(layout: Layout, entries: readonly TreeEntry[], epoch: number): Uint8Array {
  const hash = createHash('sha256').update(JSON.stringify([layout, epoch]));
  for (const { path, kind, mode, uid, gid, size, target, modified } of entries) {
    hash.update(JSON.stringify([path, kind, mode, uid, gid, size, target, Math.min(modified, epoch)]));
  }
  return hash.digest();
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
