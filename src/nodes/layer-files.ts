import { copyFile, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readRecord } from '../layers/record.js';
import { pathInTree } from '../sandbox/tree-path.js';

/** Reads files of a system that lies in a store, without mounting it: of several layers, the topmost counts. */
export interface LayerFiles {
  /** Names in a directory; none if there is no such directory. */
  names(directory: string): Promise<readonly string[]>;
  /** Copies a file of the system, by absolute path, to a file of this machine's; says whether there is one. */
  copyOut(path: string, to: string): Promise<boolean>;
}

/** @param layer a closed layer of the store in `storeDir` */
export async function layerFiles(storeDir: string, layer: string): Promise<LayerFiles> {
  const trees: string[] = [];
  for (let next: string | undefined = layer; next !== undefined;) {
    const directory = join(storeDir, 'layers', next);
    trees.push(join(directory, 'tree'));
    next = (await readRecord<{ readonly parent?: string }>(join(directory, 'layer.json')))?.parent;
  }
  const find = async (path: string) => {
    for (const tree of trees) {
      const place = await pathInTree(tree, path);
      const stats = await lstat(place).catch(() => undefined);
      // A whiteout is a device: the file was removed.
      if (stats !== undefined) return { place, isFile: stats.isFile(), isHidden: stats.isCharacterDevice() };
    }
    return undefined;
  };
  return {
    async names(directory) {
      const names = new Map<string, boolean>();
      for (const tree of trees) {
        const place = await pathInTree(tree, directory);
        for (const each of await readdir(place, { withFileTypes: true }).catch(() => [])) {
          if (!names.has(each.name)) names.set(each.name, !each.isCharacterDevice());
        }
      }
      return [...names].filter(([, isThere]) => isThere).map(([name]) => name);
    },
    async copyOut(path, to) {
      const found = await find(path);
      if (found === undefined || found.isHidden || !found.isFile) return false;
      await copyFile(found.place, to);
      return true;
    },
  };
}
