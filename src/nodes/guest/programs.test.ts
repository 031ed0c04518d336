import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { programsOfStores, usualPrograms } from '../../guest/programs.js';
import { programs } from '../../host/programs.js';

const here = dirname(fileURLToPath(import.meta.url));

/** What starts guests, or asks what this machine is, and so is never called in one. */
const ofTheBuildMachine = [
  ...Object.keys(programs).filter((name) => /^qemu-(system-|.*-static$)/.test(name)),
  ...['newuidmap', 'ssh-keygen', 'sudo'],
];

/** What a tree's own tools are called, in it. */
const ofTheTree = ['apt-get', 'dnf', 'dpkg'];

/** The cleaning of a tree shares its rules with that of disks, and these read disks. */
const ofDisks = ['qemu-img', 'qemu-io', 'debugfs', 'dumpe2fs', 'tune2fs', 'e2fsck', 'zerofree', 'blkid', 'sfdisk'];

/** A system of packages is not made in a guest. */
const ofPackages = ['mmdebstrap', 'dpkg-deb', 'apt-config', 'apt-helper', 'rpm'];

describe('the programs that a guest gets', () => {
  for (const { module, given, others } of [
    { module: 'tree-guest', given: usualPrograms, others: [...ofTheTree, ...ofDisks] },
    {
      module: 'store-guest',
      given: [...usualPrograms, ...programsOfStores],
      others: [...ofTheTree, ...ofPackages],
    },
  ]) {
    it(`are all that the code of ${module} names`, () => {
      const named = programsNamedIn(join(here, `${module}.ts`));
      const expected = new Set([...given, ...others, ...ofTheBuildMachine]);
      const lacking = [...named].filter(([name]) => !expected.has(name)).map(([name, file]) => `${name} in ${file}`);
      expect(lacking).to.deep.equal([]);
      // An exception that no code needs any more, or that the guest has.
      const idle = others.filter((name) => !named.has(name) || given.includes(name));
      expect(idle).to.deep.equal([]);
    });
  }

  it('are found where the code calls one directly, and where a module that it imports does', () => {
    const named = programsNamedIn(join(here, 'store-guest.ts'));
    expect(named.get('dd')).to.match(/nodes\/guest\/store-guest\.ts$/);
    expect(named.get('grub-mkimage')).to.match(/disk\/make\/boot\//);
  });
});

/** The programs of the table that a module and all that it imports name in their code, each with the first file that does. */
function programsNamedIn(module: string): Map<string, string> {
  const named = new Map<string, string>();
  for (const [file, text] of sourcesOf(module)) {
    // The tables themselves, and the configuration, which runs nothing: its options take words that are names of programs.
    if (/\/(host|guest)\/programs\.ts$|\/src\/config\//.test(file)) continue;
    const code = text.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '');
    for (const [, name = ''] of code.matchAll(/['"`]([a-z][\w.-]*)['"`]/g)) {
      if (Object.hasOwn(programs, name) && !named.has(name)) named.set(name, file);
    }
  }
  return named;
}

/** A source file, and every one that is loaded with it or by it, with their texts. */
function sourcesOf(module: string, known = new Map<string, string>()): Map<string, string> {
  if (known.has(module)) return known;
  const text = readFileSync(module, 'utf8');
  known.set(module, text);
  for (const [, path = ''] of text.matchAll(/(?:^(?:im|ex)port (?!type\b)[^;]*?from |\bimport\()'(\.[^']+)\.js'/gm)) {
    sourcesOf(join(dirname(module), `${path}.ts`), known);
  }
  return known;
}
