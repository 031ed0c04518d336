import { existsSync } from 'node:fs';
import { integer, size } from '../config/option-types.js';
import { UsageError } from '../host/failure.js';
import { usualLimits } from '../layers/import/archive-limits.js';
import { importLayers, type Import } from '../layers/import/import-layers.js';
import { recognise } from '../layers/import/recognise.js';
import { filesOf } from './built-images.js';
import { printJson } from './layer.js';
import { withStore, type StoreFlags } from './store-session.js';

export interface LayerImportFlags extends StoreFlags {
  readonly parent?: string;
  readonly maxEntries?: string;
  readonly maxSize?: string;
}

export async function importLayer(name: string, from: string, flags: LayerImportFlags): Promise<void> {
  const limits = {
    ...usualLimits,
    ...(flags.maxEntries !== undefined && { entries: parsed('--max-entries', flags.maxEntries, integer(1, 1e9)) }),
    ...(flags.maxSize !== undefined && { size: parsed('--max-size', flags.maxSize, size) }),
  };
  await withStore(flags, async (store) => {
    const source = await recognise(store.host, fileOf(from, flags));
    const copySystem: Import['copySystem'] = async ({ path }, to) => {
      const disks = await import('../disk/copy-system.js');
      const copy = store.dialect === 'trusted' ? disks.copyMounted : disks.copyUnmounted;
      await disks.copySystem(store.host, path, to, copy);
    };
    const layers = await importLayers(store, {
      name,
      parent: flags.parent,
      source,
      limits,
      copySystem,
    });
    const made = layers.map((layer) => ({ name: layer.name, parent: layer.parent, contentId: layer.contentId }));
    if (flags.json) return printJson({ layers: made });
    for (const layer of made) console.log(`${layer.name} ${layer.contentId}`);
  });
}

/** A path, or the newest image of the section of that name. */
function fileOf(from: string, flags: LayerImportFlags): string {
  const isPath = from.includes('/') || existsSync(from) || existsSync(from.replace(/:[^:]*$/, ''));
  return isPath ? from : (filesOf([from], flags)[0] ?? from);
}

function parsed<T>(option: string, value: string, { parse }: { parse: (text: string) => T }): T {
  try {
    return parse(value);
  } catch (error) {
    throw new UsageError([`${option} ${value}: expected ${(error as Error).message}`]);
  }
}
