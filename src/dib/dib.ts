import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { applyElements, planOnParent } from '../elements/apply-elements.js';
import { searchPath } from '../config/option-types.js';
import { withScratchDirectory } from '../host/scratch-directory.js';
import { systemIn } from '../elements/environment.js';
import type { ElementPlan } from '../elements/plan.js';
import { closeLayer, deleteLayers, mountForEditing, unmountEdit } from '../layers/edit.js';
import { allLayers, chainOf, newLayer, type Layer } from '../layers/layers.js';
import { changing, type Store } from '../layers/store.js';
import { emptyTrash } from '../layers/trash.js';
import { blockDeviceText, diskFacts, type BlockDeviceText } from './block-device.js';
import { bootPackages } from './boot-packages.js';
import { wantsDisk, writeOutputs } from './outputs.js';
import { parentOf, type ImportFrom } from './parent.js';
import type { DibRequest } from './request.js';

/** Names the process that uses a layer: a later one removes those of processes that are gone. */
const originOf = (pid: number) => `dib, process ${pid}`;

/**
 * Does what disk-image-create does with this command line: on a layer over a parent, instead of in a copy of a system.
 * To be called where this process may mount.
 *
 * @param onLine takes what hooks say
 * @returns the files that were made
 */
export async function dib(
  store: Store,
  request: DibRequest,
  { onLine, importFrom }: { readonly onLine: (line: string) => void; readonly importFrom: ImportFrom },
): Promise<string[]> {
  await removeAbandoned(store);
  const parent = await parentOf(store, request, importFrom);
  const elementPath = searchPath.parse(request.environment.ELEMENTS_PATH ?? '');
  const layers = await chainOf(store, parent.name);
  const { plan, blockDevice } = await planned(layers, request, elementPath);
  const name = `dib-${randomBytes(6).toString('hex')}`;
  await newLayer(store, { name, parent: parent.name, origin: originOf(process.pid) });
  const remove = store.host.release.hold(`the layer ${name}`, () => discard(store, name));
  try {
    const tree = await mountForEditing(store, name);
    const boots = wantsDisk({ request, plan }) && plan.elements.some((element) => element.name === 'bootloader');
    await applyElements(store.host, {
      ...{ elements: request.elements, elementPath, tree, packages: request.packages, onLine },
      facts: { imageName: request.name, arch: request.arch, ...diskFacts(blockDevice, request) },
      environment: {
        ...request.environment,
        IF_BOOT_PACKAGES: boots ? bootPackages(request, blockDevice).join(' ') : '',
      },
      cache: cacheOf(request),
      cwd: resolve(''),
    });
    await closeLayer(store, name);
    return await writeOutputs(store, { request, plan, blockDevice, layer: name });
  } finally {
    await remove();
  }
}

/** What would go wrong is said before anything runs. */
async function planned(
  layers: readonly Layer[],
  request: DibRequest,
  elementPath: readonly string[],
): Promise<{ plan: ElementPlan; blockDevice: BlockDeviceText }> {
  return withScratchDirectory('dib', async (work) => {
    const environment = { ...request.environment, ARCH: request.arch };
    const system = await systemIn(...layers.map(({ tree }) => tree));
    const plan = planOnParent(system, { elements: request.elements, elementPath, environment }, work);
    return { plan, blockDevice: blockDeviceText(plan.elements, request) };
  });
}

function cacheOf({ environment }: DibRequest): string {
  return environment.DIB_IMAGE_CACHE || join(environment.HOME || '/root', '.cache/image-create');
}

async function discard(store: Store, name: string): Promise<void> {
  await changing(store, () => unmountEdit(store, name));
  await deleteLayers(store, [name]);
  await emptyTrash(store);
}

async function removeAbandoned(store: Store): Promise<void> {
  for (const { name, origin } of await allLayers(store)) {
    const pid = /^dib, process (\d+)$/.exec(origin ?? '')?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await discard(store, name);
  }
}
