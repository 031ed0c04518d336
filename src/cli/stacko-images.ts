import { Failure } from '../host/failure.js';
import { closeLayer, deleteLayers, mountForEditing, mountForReading } from '../layers/edit.js';
import { allInstances } from '../layers/instances.js';
import { allLayers, newLayer } from '../layers/layers.js';
import { mountPointsOf } from '../layers/mount-table.js';
import { emptyTrash } from '../layers/trash.js';
import { treeOf } from './layer-list.js';
import { block, closedIfPossible, expectImage, quoted, shownNames, type StackoCommand } from './stacko-words.js';

const image = { usage: '[-h] name', least: 1, most: 1 };

/** Stacko's commands for images, which are layers here. */
export const imageCommands: Readonly<Record<string, StackoCommand>> = {
  'new-image': {
    ...{ usage: '[-h] name [parent]', least: 1, most: 2 },
    async action(store, [name = '', parent]) {
      const names = (await allLayers(store)).map((layer) => layer.name);
      if (names.includes(name)) throw new Failure(`Image name already exists: ${name}`);
      if (parent !== undefined && !names.includes(parent)) throw new Failure(`Parent does not exist: ${parent}`);
      if (parent !== undefined) await closedIfPossible(store, parent);
      await newLayer(store, { name, parent });
      console.log(`Added image: name=${quoted(name)} parent=${quoted(parent)}`);
    },
  },
  'edit-image': {
    ...{ usage: '[-h] [--read-only] name', least: 1, most: 1, flags: ['-r', '--read-only'] },
    asRoot: ([name = '']) => `image-factory layer edit ${name} -- COMMAND`,
    async action(store, [name = ''], flags) {
      await expectImage(store, name);
      const mountPoint = await (flags.size > 0 ? mountForReading : mountForEditing)(store, name);
      console.log(`Mount image: name=${quoted(name)} read-only=${flags.size > 0 ? 'True' : 'False'}`);
      console.log(`mount-point=${quoted(mountPoint)}`);
    },
  },
  'close-image': {
    ...image,
    async action(store, [name = '']) {
      await expectImage(store, name);
      await closeLayer(store, name);
      console.log(`Umount image: name=${quoted(name)} `);
    },
  },
  'delete-image': {
    ...image,
    async action(store, [name = '']) {
      await expectImage(store, name);
      const children = (await allLayers(store)).filter(({ parent }) => parent === name);
      if (children.length > 0) {
        throw new Failure(`Image is supporting other images: ${children.map((child) => child.name).join(', ')}`);
      }
      const instances = (await allInstances(store)).filter(({ layer }) => layer === name);
      if (instances.length > 0) {
        throw new Failure(`Cannot delete an image that supports other instances: ${shownNames(instances).join(', ')}`);
      }
      if (mountPointsOf(store, { layer: name }).length > 0) {
        throw new Failure("Cannot delete an image that is being edited. Use 'close-image' before deleting");
      }
      await deleteLayers(store, [name]);
      await emptyTrash(store);
      console.log(`Deleted image: name=${quoted(name)} `);
    },
  },
  'import-image': {
    ...{ usage: '[-h] name source [parent]', least: 2, most: 3 },
    async action(store, [name = '', from = '', parent]) {
      if (parent !== undefined) await closedIfPossible(store, parent);
      const { importFrom } = await import('./layer-import.js');
      const { usualLimits } = await import('../layers/import/archive-limits.js');
      await importFrom(store, { name, from, parent, limits: usualLimits });
      console.log(`Imported image: name=${quoted(name)} parent=${quoted(parent)}`);
    },
  },
  'export-image': {
    ...{ usage: '[-h] name file', least: 2, most: 2 },
    async action(store, [name = '', file = '']) {
      await closedIfPossible(store, name);
      const { writeLayer } = await import('./layer-export.js');
      await writeLayer(store, name, file);
      console.log(`Exported image: name=${quoted(name)} file=${quoted(file)}`);
    },
  },
  'list-images': {
    ...{ usage: '[-h] [--tree]', least: 0, most: 0, flags: ['-t', '--tree'] },
    async action(store, _, flags) {
      console.log('Running list-images');
      const layers = await allLayers(store);
      const lines = flags.size > 0 ? treeOf(layers, ({ name }) => name) : layers.map(({ name }) => name);
      lines.forEach((line) => console.log(line));
    },
  },
  'list-instances': {
    ...{ usage: '[-h] [imagename]', least: 0, most: 1 },
    async action(store, [name]) {
      console.log('Running list-instances');
      if (name !== undefined) await expectImage(store, name);
      const instances = await allInstances(store);
      for (const layer of (await allLayers(store)).filter((each) => name === undefined || each.name === name)) {
        block(layer.name, shownNames(instances.filter((each) => each.layer === layer.name)));
      }
    },
  },
};
