import { dirname } from 'node:path';
import { existsSync } from 'node:fs';
import { UsageError } from '../host/failure.js';
import { sourceDateEpoch } from '../host/source-date.js';
import { mountForReading, unmountEdit } from '../layers/edit.js';
import { compressionOfName } from '../layers/export/compressor.js';
import { exportLayer } from '../layers/export/export-layer.js';
import type { ExportCompression, ExportFormat } from '../layers/export/formats.js';
import { chainOf } from '../layers/layers.js';
import { changing, type Store } from '../layers/store.js';
import { printJson } from './layer.js';
import { withPrivateStore, withStore, type StoreFlags } from './store-session.js';

export interface LayerExportFlags extends StoreFlags {
  readonly format?: ExportFormat;
  readonly compression?: ExportCompression;
  readonly flatten?: boolean;
}

export async function exportOne(name: string, file: string, flags: LayerExportFlags): Promise<void> {
  const wanted = exportTo(name, file, flags);
  const write = async (store: Store, merged: string | undefined) => {
    await exportLayer(store, { ...wanted, merged });
    if (flags.json) printJson({ name, file, format: wanted.format, flattened: merged !== undefined });
  };
  if (!flags.flatten) return withStore(flags, (store) => write(store, undefined));
  return withPrivateStore(flags, async (store) => {
    if ((await chainOf(store, name)).length === 1) return write(store, undefined);
    const merged = await mountForReading(store, name);
    try {
      await write(store, merged);
    } finally {
      await changing(store, () => unmountEdit(store, name));
    }
  });
}

/** Writes a layer in the format that the file's name asks for. */
export async function writeLayer(store: Store, name: string, file: string): Promise<void> {
  await exportLayer(store, { ...exportTo(name, file, {}), merged: undefined });
}

function exportTo(name: string, file: string, flags: LayerExportFlags) {
  const format = flags.format ?? formatOfName(file);
  const compression = flags.compression ?? (format === 'oci' ? 'gzip' : compressionOfName(file));
  const epoch = sourceDateEpoch();
  if (!existsSync(dirname(file))) throw new UsageError([`${file}: the directory ${dirname(file)} does not exist`]);
  return { name, file, format, compression, epoch };
}

function formatOfName(file: string): ExportFormat {
  if (/\.(?:tar(?:\.(?:gz|xz|zst))?|tgz|txz|tzst)$/.test(file)) return 'tar';
  if (/\.(?:squashfs|sqfs)$/.test(file)) return 'squashfs';
  return file.endsWith('.erofs') ? 'erofs' : 'oci';
}
