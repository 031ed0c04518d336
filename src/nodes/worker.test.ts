import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect } from 'chai';

const here = import.meta.dirname;

/** The source files that are loaded with a module at once, from `src`. What is imported where it is used is not. */
function loadedWith(module: string, known = new Set<string>()): string[] {
  const path = join(here, '..', module);
  if (!known.has(module)) {
    known.add(module);
    for (const [, name = ''] of readFileSync(path, 'utf8').matchAll(
      /^(?:im|ex)port (?!type\b)[^;]*?from '(\.[^']+)\.js'/gm,
    )) {
      loadedWith(relative(join(here, '..'), join(dirname(path), `${name}.ts`)), known);
    }
  }
  return [...known].sort();
}

// It is started twice for each image, and loading code is most of what it does for a small one.
describe('the process that works in trees', () => {
  it('loads no work before it knows its job', () => {
    const ofNodes = loadedWith('nodes/worker.ts').filter((path) => !/^(?:sandbox|host)\//.test(path));
    expect(ofNodes).to.deep.equal(['nodes/work-on.ts', 'nodes/worker.ts']);
  });

  it('loads no virtual machines, elements, archives or makers of disks to derive a tree', () => {
    const loaded = loadedWith('nodes/derive.ts');
    expect(loaded).to.include('nodes/change-tree.ts');
    expect(loaded.filter((path) => /^(?:guest|elements|disk\/make|layers\/(?:im|ex)port|packages)\//.test(path))).to.be
      .empty;
  });
});
