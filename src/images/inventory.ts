import { readFile } from 'node:fs/promises';
import type { Inventory } from '../contents/inventory.js';
import type { ManifestDisk } from '../contents/manifest.js';
import { left, type Build } from './build.js';

/** What the stage `inventory` leaves in the work directory. */
export interface StoredInventory {
  readonly inventory: Inventory;
  readonly disk: ManifestDisk;
}

export async function storedInventory(build: Build): Promise<StoredInventory> {
  return JSON.parse(await readFile(left(build, 'inventory'), 'utf8')) as StoredInventory;
}
