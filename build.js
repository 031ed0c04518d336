// build.js: puts the program together in lib/, from src/ and the packages that it uses.
//
// Loading 800 small modules takes half a second of a processor, in each of the processes that a build starts. So modules
// are bundled: one file for all that the same entry points need. What is imported where it is used stays a file of its own,
// and is read only then.
import { build } from 'esbuild';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Modules that are started, or imported by name. `programModule` finds them. */
const entryPoints = ['cli/main', 'nodes/worker', 'nodes/guest/store-guest', 'nodes/guest/tree-guest'];

/** Packages that stay outside: ssh2 finds its compiled parts by its own place, and @xterm/headless is loaded by require(). */
const outside = ['ssh2', '@xterm/headless'];

rmSync('lib', { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: entryPoints.map((name) => `src/${name}.ts`),
  outdir: 'lib',
  outbase: 'src',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: outside,
  // Packages in CommonJS ask for modules of Node.js by it.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  legalComments: 'none',
  sourcemap: 'linked',
  sourcesContent: false,
  metafile: true,
  logLevel: 'warning',
});

const bundled = packagesIn(Object.keys(metafile.inputs));
writeFileSync('lib/licenses.txt', bundled.map(license).join('\n\n'));
writeFileSync(
  'lib/packages.txt',
  withTheirs(outside)
    .map((path) => `${path}\n`)
    .join(''),
);

/** The directories of packages from which there is a file. */
function packagesIn(files) {
  const found = files.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
  return [...new Set(found)].sort();
}

/** What a package's licence asks to be given along with its code. */
function license(directory) {
  const { name, version, license: kind } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const file = readdirSync(directory).find((each) => /^licen[cs]e/i.test(each));
  return `${name} ${version} (${kind})\n\n${file ? readFileSync(join(directory, file), 'utf8') : ''}`;
}

/** The directories of packages, and of all that they need themselves. */
function withTheirs(names) {
  const found = new Set();
  const visit = (name, asker) => {
    // As Node.js looks for it.
    const at = [join(asker, 'node_modules', name), join('node_modules', name)].find((path) => existsSync(path));
    if (at === undefined || found.has(at)) return;
    found.add(at);
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'));
    for (const each of Object.keys({ ...dependencies, ...optionalDependencies })) visit(each, at);
  };
  for (const name of names) visit(name, '.');
  return [...found].sort();
}
