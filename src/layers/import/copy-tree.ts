import { realpath } from 'node:fs/promises';
import { Failure } from '../../host/failure.js';
import { command, follow } from '../../host/host.js';
import type { Store } from '../store.js';
import { settle } from './settle.js';

/**
 * Copies a directory as a layer's tree: with owners, attributes, hard links, devices and holes, and without what is
 * mounted in it.
 *
 * @throws Failure if something can't be copied as it is, or the directory holds the store
 */
export async function copyTree(store: Store, from: string, directory: string): Promise<void> {
  const source = await realpath(from);
  if (`${store.directory}/`.startsWith(`${source === '/' ? '' : source}/`)) {
    throw new Failure(`${from} contains the store ${store.directory}: the copy would contain itself`, {
      hint: 'Choose another store with --store-dir, outside the directory.',
    });
  }
  const options = ['--archive', '--one-file-system', '--reflink=auto', '--sparse=auto', '--no-target-directory'];
  let count = 0;
  const tell = () => {
    if (++count % 500 === 0) store.host.log.progress({ text: `Copying ${from}: ${count} entries` });
  };
  await follow(store.host, command('cp', [...options, '--verbose', '--', source, directory]), tell);
  await settleCopy(store, directory, from);
}

/** Makes a copy of files a tree as overlayfs reads it. @param what where they come from, for messages */
export async function settleCopy({ host, dialect }: Store, directory: string, what: string): Promise<void> {
  const notes = { whiteouts: [], opaque: [], useless: [], implied: [], hasAttributes: true };
  await settle(host, { directory, dialect, lower: [], what }, notes);
}
