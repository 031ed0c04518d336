import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { addPrograms } from './tree-of-shell.js';
import { program } from './disk.js';

/** Calls dnf, and prints every file of Python that it has loaded then. */
const loaded = `
import json, os, sys, tempfile
import dnf.cli.main, dnf.module.module_base
with tempfile.TemporaryDirectory() as root:
    try:
        dnf.cli.main.main(['--installroot=' + root, '--releasever=1', '--setopt=reposdir=' + root, '--quiet', 'repolist'])
    except SystemExit:
        pass
files = {module.__file__ for module in sys.modules.values() if getattr(module, '__file__', None)}
json.dump(sorted(files), sys.stdout)
`;

/** Puts dnf of this machine into a tree, with Python and rpm. */
export function addDnf(tree: string): void {
  addPrograms(tree, ['python3', 'rpm', 'rpmkeys', 'rpmdb', 'bash']);
  const elsewhere = mkdtempSync(join(tmpdir(), 'dnf-'));
  try {
    const text = program('sh', ['-c', 'cd "$1" && exec /usr/bin/python3 -I -c "$2"', 'sh', elsewhere, loaded]);
    const files = JSON.parse(text.slice(text.lastIndexOf('['))) as string[];
    // Whole, for they load more of themselves later.
    const whole = files.flatMap(
      (path) => /^(.*\/(?:encodings|dist-packages\/dnf))\/__init__\.py$/.exec(path)?.[1] ?? [],
    );
    const packages = [...whole, '/usr/lib/rpm'];
    const compiled = files.filter((path) => path.endsWith('.so'));
    // By the names that the linker looks for.
    const libraries = new Set([...program('ldd', compiled).matchAll(/\/\S+\.so\.\S*(?= \(0x)/g)].map(([path]) => path));
    for (const path of [...files, ...libraries, ...packages, '/usr/bin/dnf-3']) {
      const to = join(tree, path);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(path, to, packages.includes(path) ? { recursive: true, verbatimSymlinks: true } : { dereference: true });
    }
    cpSync('/usr/bin/dnf-3', join(tree, 'usr/bin/dnf'));
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
}
