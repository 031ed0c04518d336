import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Failure } from '../host/failure.js';
import { pathInTree } from '../sandbox/tree-path.js';

/** What runs a script that does not say what runs it. */
export const shell = '/bin/sh';

/** Linux reads as much of a first line: BINPRM_BUF_SIZE. */
const mostRead = 256;

/**
 * Whether a script says what runs it: `#!`, or a program's own format.
 *
 * @param root the tree in which it is to run
 * @throws Failure if the tree does not have what runs the script: the kernel would say that there is no such file, and not
 *   which one
 */
export async function namesInterpreter(path: string, root: string): Promise<boolean> {
  const start = await startOf(path);
  const script = basename(path);
  const [, interpreter = ''] = /^#![ \t]*([^ \t\n]*)/.exec(start) ?? [];
  if (interpreter !== '') {
    if (await isThere(root, interpreter)) return true;
    const name = JSON.stringify(interpreter);
    throw new Failure(`${script} can't run: its first line asks for ${name}, which the tree does not have`, {
      hint: interpreter.endsWith('\r')
        ? `Its lines end as on Windows: sed -i 's/\\r$//' ${script}`
        : `Bring it with 'packages' or 'files', which come before scripts${(await isThere(root, shell)) ? `, or use #!${shell}` : ''}.`,
    });
  }
  if (start.startsWith('#!') || start.startsWith('\x7fELF')) return true;
  if (await isThere(root, shell)) return false;
  throw new Failure(`${script} can't run: its first line names no interpreter, and the tree does not have ${shell}`, {
    hint: "Name one that the tree has in its first line, after '#!', or bring one with 'packages' or 'files', which come before scripts.",
  });
}

async function startOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(mostRead), 0, mostRead, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function isThere(root: string, path: string): Promise<boolean> {
  const place = await pathInTree(root, path.startsWith('/') ? path : `/${path}`);
  return (await stat(place).catch(() => undefined)) !== undefined;
}
