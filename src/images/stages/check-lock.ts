import { readFile } from 'node:fs/promises';
import { Failure } from '../../host/failure.js';
import { changeLine, differencesOf } from '../../packages/differences.js';
import { parseLock } from '../../packages/lock-file.js';
import { storedInventory } from '../inventory.js';
import { stage } from '../stage.js';

/** The packages of the image are those of its lock: none more, none less, none in another version. */
export const checkLock = stage({
  name: 'check-lock',
  title: 'Comparing the packages with the lock',
  reads: ['packageLock', 'inventory'],
  wants: ({ packages }) => packages && {},
  async run(host, _want, { packageLock, inventory }) {
    const { installed } = (await storedInventory(inventory)).inventory;
    if (installed.format === 'unknown')
      throw new Failure(`the packages of the image can't be read: ${installed.reason}`);
    const { packages } = parseLock(await readFile(packageLock.copy, 'utf8'), packageLock.copy);
    const changes = differencesOf(packages, installed.packages);
    if (changes.length > 0) {
      throw new Failure(
        `the image does not have the packages of its lock:\n${changes.map((change) => `  | ${changeLine(change).join(' ')}`).join('\n')}`,
      );
    }
    host.log.info(`The image has the ${packages.length} packages of the lock, and no others`);
  },
});
