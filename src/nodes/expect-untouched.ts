import { lstatSync, readdirSync } from 'node:fs';
import { setImmediate as letOthersRun } from 'node:timers/promises';
import { Failure } from '../host/failure.js';
import { chainOf, type Layer } from '../layers/layers.js';
import type { Store } from '../layers/store.js';

/**
 * Makes sure that a layer and all below it are as they were when they were closed, before something is built on them.
 *
 * Whatever changes a file changes the time of its inode (ctime), which only the kernel sets: where none is later than the
 * closing, nothing was changed. Otherwise, as after the store was copied, every file is compared.
 *
 * @throws Failure that names a file which differs
 */
export async function expectUntouched(store: Store, name: string): Promise<void> {
  for (const layer of await chainOf(store, name)) {
    if (await isOlder(store, layer)) continue;
    store.host.log.progress({ text: `Verifying the layer ${layer.name}` });
    const { verifyLayer } = await import('../layers/verify.js');
    for await (const { path, what } of verifyLayer(store, layer)) {
      throw new Failure(
        `the layer '${layer.name}' is not what it was when it was closed: ${path === undefined ? '' : `${path}: `}${what}`,
        {
          hint: `See 'image-factory layer verify ${layer.name}'. What is built from an image is made again once its layer is deleted.`,
        },
      );
    }
  }
}

/** Milliseconds after which a signal that stops the work gets its turn. */
const longestTurn = 50;

/**
 * Whether nothing in a layer was changed after its closing. Every file of a parent is looked at for each of its children:
 * system calls that block take a fifth of the time of promises here.
 */
async function isOlder({ host }: Store, { tree, closed }: Layer): Promise<boolean> {
  if (closed === undefined) return false;
  const latest = Date.parse(closed);
  let started = performance.now();
  const pending = [Buffer.from(tree)];
  try {
    for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
      if (isChangedAfter(latest, directory)) return false;
      // Names need not be UTF-8.
      for (const entry of readdirSync(directory, { withFileTypes: true, encoding: 'buffer' })) {
        const path = Buffer.concat([directory, slash, entry.name]);
        if (entry.isDirectory()) pending.push(path);
        else if (isChangedAfter(latest, path)) return false;
      }
      if (performance.now() - started < longestTurn) continue;
      await letOthersRun();
      host.signal.throwIfAborted();
      started = performance.now();
    }
    return true;
  } catch {
    host.signal.throwIfAborted();
    return false;
  }
}

const slash = Buffer.from('/');

function isChangedAfter(latest: number, path: Buffer): boolean {
  return lstatSync(path).ctimeMs > latest;
}
