import { readFile } from 'node:fs/promises';
import type { Inventory } from '../contents/inventory.js';
import type { ManifestDisk } from '../contents/manifest.js';

/** What the stage `inventory` leaves in the work directory. */
export interface StoredInventory {
  readonly inventory: Inventory;
  /** Undefined for an image that is no disk. */
  readonly disk?: ManifestDisk;
}

export async function storedInventory(file: string): Promise<StoredInventory> {
  return JSON.parse(await readFile(file, 'utf8')) as StoredInventory;
}
