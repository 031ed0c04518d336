import { join } from 'node:path';
import { run, type Caller } from '../../host/host.js';
import { bytesOf } from '../ext-directory.js';
import type { Content } from './content.js';
import { commandInView } from './tree-view.js';

/** Where the kernel keeps capabilities of files (capabilities(7)). */
export const capability = 'security.capability';

/** Extended attributes, access control lists among them (xattr(7)): bytes by name, by path below the content's top. */
export type FileAttributes = ReadonlyMap<string, ReadonlyMap<string, Buffer>>;

export async function attributesIn(caller: Caller, { view, top, masked }: Content): Promise<FileAttributes> {
  // getfattr would print a slash at its end twice.
  const directory = join('tree', top).replace(/\/$/, '');
  const options = ['--recursive', '--physical', '--no-dereference', '--dump', '--encoding=hex'];
  const { stdout } = await run(caller, commandInView(view, masked, 'getfattr', [...options, '--match=-', directory]));
  const found = new Map<string, ReadonlyMap<string, Buffer>>();
  for (const [, file = '', lines = ''] of stdout.matchAll(/^# file: (.*)\n((?:.+\n?)+)/gm)) {
    // Blanks and control characters are printed as octal numbers.
    const path = file.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
    const attributes = new Map<string, Buffer>();
    for (const [, name = '', value = ''] of lines.matchAll(/^([^=\n]+)(?:=0x([0-9a-f]*))?$/gm)) {
      // What the overlay of the view notes for itself.
      if (!/^(?:user|trusted)\.overlay\./.test(name)) attributes.set(name, Buffer.from(value, 'hex'));
    }
    if (attributes.size > 0) found.set(bytesOf(path.slice(directory.length + 1)), attributes);
  }
  return found;
}
