// tree-operations.mjs OPERATIONS PLAIN: does the operations of a JSON file in the current directory, which is a mounted
// layer, and in a plain directory, and says where they did not have the same outcome.
// tree-operations.mjs PLAIN: says where the current directory and the plain one differ.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';

const [first, second] = process.argv.slice(2);

/** What each operation does in a directory. A program that fails counts as an error without a code of its own. */
const operations = {
  write: ({ path, text }) => fs.writeFileSync(noPipe(path), text),
  append: ({ path, text }) => fs.appendFileSync(noPipe(path), text),
  sparse: ({ path }) => {
    fs.writeFileSync(noPipe(path), 'begin');
    fs.truncateSync(path, 3 * 2 ** 20);
  },
  mkdir: ({ path }) => fs.mkdirSync(path),
  remove: ({ path }) => fs.rmSync(path, { recursive: true }),
  // As mv(1): what overlayfs does not rename, a directory of a lower layer, is copied.
  move: ({ path, other }) => run('mv', '--no-target-directory', '--no-clobber', '--', path, other),
  link: ({ path, other }) => fs.linkSync(path, other),
  symlink: ({ path, text }) => fs.symlinkSync(text, path),
  mode: ({ path, mode }) => fs.lstatSync(path).isSymbolicLink() || fs.chmodSync(path, mode),
  owner: ({ path, id }) => fs.lchownSync(path, id, id),
  attribute: ({ path, text }) => regular(path) && run('setfattr', '--name=user.note', `--value=${text}`, '--', path),
  capability: ({ path }) => regular(path) && run('setcap', 'cap_net_raw=ep', path),
  fifo: ({ path }) => run('mkfifo', '--', path),
  device: ({ path }) => run('mknod', '--', path, 'c', '1', '3'),
  replace: ({ path }) => {
    fs.rmSync(path, { recursive: true });
    fs.mkdirSync(path);
    fs.writeFileSync(join(path, 'inside'), 'new');
  },
};

/** Those that change a file in place. */
const inPlace = ['write', 'append', 'sparse', 'mode', 'owner', 'attribute', 'capability'];

function run(file, ...args) {
  execFileSync(file, args, { stdio: ['ignore', 'ignore', 'ignore'] });
}

/** Writing to a named pipe, or to a link to one, would wait for a reader. */
function noPipe(path) {
  if (fs.statSync(path, { throwIfNoEntry: false })?.isFIFO()) throw Object.assign(new Error(path), { code: 'a pipe' });
  return path;
}

function regular(path) {
  return fs.lstatSync(path).isFile();
}

function outcomeOf(directory, operation) {
  const [path, other] = [operation.path, operation.other].map((name) => join(directory, name));
  try {
    operations[operation.what]({ ...operation, path, other });
    return 'done';
  } catch (error) {
    return error.code ?? 'failed';
  }
}

/** Overlayfs without an index parts the names of a file of a lower layer when one of them is written: not tried here. */
function hasSeveralNames(path) {
  try {
    const found = fs.lstatSync(path);
    return !found.isDirectory() && found.nlink > 1;
  } catch {
    return false;
  }
}

function snapshot(directory) {
  const found = new Map();
  const attributes = execFileSync(
    'getfattr',
    ['-R', '-P', '-h', '-d', '-m', '^(user\\.note|security\\.capability)', '-e', 'hex', '.'],
    { cwd: directory, maxBuffer: 2 ** 30 },
  );
  const visit = (path) => {
    const { mode, uid, gid, size, rdev } = fs.lstatSync(join(directory, path));
    const type = mode & 0o170000;
    const content = type === 0o100000 ? sha(fs.readFileSync(join(directory, path))) : '';
    const target = type === 0o120000 ? fs.readlinkSync(join(directory, path)) : '';
    const bytes = type === 0o100000 ? size : 0;
    found.set(path, [mode.toString(8), uid, gid, bytes, content, target, rdev].join(' '));
    if (type !== 0o040000) return;
    for (const name of fs.readdirSync(join(directory, path)).sort()) visit(join(path, name));
  };
  visit('.');
  const blocks = attributes
    .toString('latin1')
    .split('\n\n')
    .filter((block) => block !== '');
  for (const block of blocks) {
    const [name = '', ...values] = block.split('\n');
    found.set(`attributes of ${name}`, values.sort().join(' '));
  }
  return found;
}

function sha(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

let differences = 0;
if (second === undefined) {
  const [here, plain] = [snapshot('.'), snapshot(first)];
  for (const path of new Set([...here.keys(), ...plain.keys()])) {
    if (here.get(path) === plain.get(path)) continue;
    differences++;
    console.log(`${JSON.stringify(path)}: ${here.get(path)} in layers, ${plain.get(path)} in the plain copy`);
  }
  console.log(`${plain.size} entries`);
} else {
  const outcomes = {};
  for (const operation of JSON.parse(fs.readFileSync(first, 'utf8'))) {
    const { what, path } = operation;
    if (inPlace.includes(what) && hasSeveralNames(join(second, path))) continue;
    const [here, plain] = [outcomeOf('.', operation), outcomeOf(second, operation)];
    outcomes[`${what} ${plain}`] = (outcomes[`${what} ${plain}`] ?? 0) + 1;
    if (here === plain) continue;
    differences++;
    console.log(`${JSON.stringify(operation)}: ${here} in the layer, ${plain} in the plain copy`);
  }
  console.log(JSON.stringify(outcomes));
}
process.exitCode = differences > 0 ? 1 : 0;
