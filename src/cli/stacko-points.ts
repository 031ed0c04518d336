import { Failure } from '../host/failure.js';
import { currentOf, cutover, fallback } from '../layers/cutover.js';
import { allInstances, isMounted } from '../layers/instances.js';
import { deletePoint, mountPoint, newPoint, unmountPoint } from '../layers/point-changes.js';
import { allPoints } from '../layers/points.js';
import { emptyTrash } from '../layers/trash.js';
import { addInstance, deleteOne } from './stacko-instances.js';
import {
  block,
  closedIfPossible,
  expectImage,
  expectPoint,
  instanceOf,
  quoted,
  tellMountPoint,
  type StackoCommand,
} from './stacko-words.js';

const point = { usage: '[-h] pointname', least: 1, most: 1 };
const pointAndImage = { usage: '[-h] pointname imagename', least: 2, most: 2 };
const imageAndPoint = { usage: '[-h] imagename pointname', least: 2, most: 2 };
const runInstead = ([name = '']: readonly string[]) => `image-factory stackpoint run ${name} -- COMMAND`;

const cutoverCommand: StackoCommand = {
  ...pointAndImage,
  async action(store, [name = '', layer = '']) {
    await expectPoint(store, name);
    await closedIfPossible(store, layer);
    await cutover(store, name, layer, { instance: 'latest' });
    console.log(`Cutover stackpoint: name=${quoted(name)} imagename=${quoted(layer)}`);
    tellMountPoint(store, name);
  },
};

const fallbackCommand: StackoCommand = {
  ...point,
  async action(store, [name = '']) {
    await expectPoint(store, name);
    const now = await fallback(store, name, { steps: 1 });
    const layer = now.activations.at(-1)?.layer ?? '';
    console.log(`Fallback stackpoint: name=${quoted(name)} imagename=${quoted(layer)}`);
    tellMountPoint(store, name);
  },
};

/** Stacko's commands for stackpoints and their instances. */
export const pointCommands: Readonly<Record<string, StackoCommand>> = {
  'new-stackpoint': {
    ...pointAndImage,
    async action(store, [name = '', layer = '']) {
      if ((await allPoints(store)).some((each) => each.name === name))
        throw new Failure(`Point already exists: ${name}`);
      await expectImage(store, layer);
      await closedIfPossible(store, layer);
      await newPoint(store, name, layer);
      console.log(`Created point: pointname=${quoted(name)} imagename=${quoted(layer)}`);
    },
  },
  'list-stackpoints': {
    ...{ usage: '[-h] [pointname]', least: 0, most: 1 },
    async action(store, [name]) {
      console.log('Running list-points');
      if (name !== undefined) await expectPoint(store, name);
      const instances = await allInstances(store);
      for (const each of (await allPoints(store)).filter((one) => name === undefined || one.name === name)) {
        const own = instances.filter((instance) => instance.point === each.name);
        const current = own.find(({ number }) => number === each.current)?.layer;
        const layers = [...new Set(own.map(({ layer }) => layer))].sort();
        block(
          each.name,
          layers.map((layer) => `${layer}${layer === current ? ' <--- current' : ''}`),
        );
      }
    },
  },
  'delete-stackpoint': {
    ...point,
    async action(store, [name = '']) {
      await expectPoint(store, name);
      await deletePoint(store, name);
      await emptyTrash(store);
      console.log(`Deleted point: pointname=${quoted(name)}`);
    },
  },
  'mount-stackpoint': {
    ...point,
    asRoot: runInstead,
    async action(store, [name = '']) {
      await expectPoint(store, name);
      await mountPoint(store, name);
      console.log(`Mounted stackpoint: name=${quoted(name)}`);
      tellMountPoint(store, name);
    },
  },
  'umount-stackpoint': {
    ...point,
    asRoot: runInstead,
    async action(store, [name = '']) {
      await expectPoint(store, name);
      await unmountPoint(store, name);
    },
  },
  'cutover-stackpoint': cutoverCommand,
  'cutover-stackpoint-instance': cutoverCommand,
  'fallback-stackpoint': fallbackCommand,
  'fallback-stackpoint-instance': fallbackCommand,
  'new-stackpoint-instance': {
    ...pointAndImage,
    async action(store, [name = '', layer = '']) {
      await addInstance(store, name, layer);
      console.log(`Created point instance: pointname=${quoted(name)} imagename=${quoted(layer)}`);
    },
  },
  'set-stackpoint-instance': {
    ...pointAndImage,
    async action(store, [name = '', layer = '']) {
      await instanceOf(store, name, layer, `Point instance does not exist: ${layer}`);
      await cutover(store, name, layer, { instance: 'latest' });
      console.log(`Set point instance: pointname=${quoted(name)} imagename=${quoted(layer)}`);
    },
  },
  'delete-stackpoint-instance': {
    ...pointAndImage,
    async action(store, [name = '', layer = '']) {
      await deleteOne(store, name, layer);
      console.log(`Deleted point instance: pointname=${quoted(name)} imagename=${quoted(layer)}`);
    },
  },
  'new-instance': {
    ...imageAndPoint,
    async action(store, [layer = '', name = '']) {
      await addInstance(store, name, layer);
      // Stacko's spelling.
      console.log(`Added instnace: name=${quoted(layer)} point=${quoted(name)}`);
    },
  },
  'delete-instance': {
    ...imageAndPoint,
    async action(store, [layer = '', name = '']) {
      await deleteOne(store, name, layer);
      console.log(`Deleted instance: name=${quoted(layer)} point=${quoted(name)}`);
    },
  },
  'get-stackpoint-dir': {
    ...point,
    async action(store, [name = '']) {
      await expectPoint(store, name);
      tellMountPoint(store, name);
    },
  },
  'is-stackpoint-mounted': {
    ...point,
    async action(store, [name = '']) {
      const isIt = isMounted(store, currentOf(await expectPoint(store, name)));
      console.log(isIt ? 'True' : 'False');
      if (!isIt) process.exitCode = 1;
    },
  },
};
