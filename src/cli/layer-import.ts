import { existsSync } from 'node:fs';
import { integer, size } from '../config/option-types.js';
import { UsageError } from '../host/failure.js';
import { usualLimits, type ArchiveLimits } from '../layers/import/archive-limits.js';
import { importLayers, type Import } from '../layers/import/import-layers.js';
import { recognise } from '../layers/import/recognise.js';
import type { Layer } from '../layers/layers.js';
import { importStacko } from '../layers/stacko-directory.js';
import type { Store } from '../layers/store.js';
import { filesOf } from './built-images.js';
import { printJson } from './layer.js';
import { withStore, type StoreFlags } from './store-session.js';

export interface LayerImportFlags extends StoreFlags {
  readonly parent?: string;
  /** A directory of Stacko's. */
  readonly stacko?: string;
  readonly maxEntries?: string;
  readonly maxSize?: string;
}

export async function importLayer(
  name: string | undefined,
  from: string | undefined,
  flags: LayerImportFlags,
): Promise<void> {
  if (flags.stacko !== undefined) {
    if (name !== undefined) throw new UsageError(['layer import --stacko: takes all images, and no other words']);
    return importFromStacko(flags.stacko, flags);
  }
  if (name === undefined || from === undefined) {
    throw new UsageError(['layer import: expected the name of the layer and a source, or --stacko DIR']);
  }
  const limits = {
    ...usualLimits,
    ...(flags.maxEntries !== undefined && { entries: parsed('--max-entries', flags.maxEntries, integer(1, 1e9)) }),
    ...(flags.maxSize !== undefined && { size: parsed('--max-size', flags.maxSize, size) }),
  };
  await withStore(flags, async (store) => {
    const layers = await importFrom(store, { name, from: fileOf(from, flags), parent: flags.parent, limits });
    const made = layers.map((layer) => ({ name: layer.name, parent: layer.parent, contentId: layer.contentId }));
    if (flags.json) return printJson({ layers: made });
    for (const layer of made) console.log(`${layer.name} ${layer.contentId}`);
  });
}

/** A path, or the newest image of the section of that name. */
function fileOf(from: string, flags: LayerImportFlags): string {
  const isPath = from.includes('/') || existsSync(from) || existsSync(from.replace(/:[^:]*$/, ''));
  return isPath ? from : (filesOf([from], flags)[0]?.file ?? from);
}

/** Makes layers of what a path leads to. @returns them, the lowest first */
export async function importFrom(
  store: Store,
  { from, ...wanted }: { name: string; from: string; parent: string | undefined; limits: ArchiveLimits },
): Promise<Layer[]> {
  const source = await recognise(store.host, from);
  const copySystem: Import['copySystem'] = async ({ path }, to) => {
    const disks = await import('../disk/copy-system.js');
    const copy = store.dialect === 'trusted' ? disks.copyMounted : disks.copyUnmounted;
    await disks.copySystem(store.host, path, to, copy);
  };
  return importLayers(store, { ...wanted, source, copySystem });
}

async function importFromStacko(directory: string, flags: LayerImportFlags): Promise<void> {
  await withStore(flags, async (store) => {
    const made = await importStacko(store, directory);
    if (flags.json) return printJson(made);
    for (const name of made.layers) console.log(`layer ${name}`);
    for (const name of made.stackpoints) console.log(`stackpoint ${name}`);
  });
}

function parsed<T>(option: string, value: string, { parse }: { parse: (text: string) => T }): T {
  try {
    return parse(value);
  } catch (error) {
    throw new UsageError([`${option} ${value}: expected ${(error as Error).message}`]);
  }
}
