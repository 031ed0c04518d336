import { join } from 'node:path';
import { run, type Caller } from '../../host/host.js';
import { bytesOf } from '../ext-directory.js';
import type { Content } from './file-system-maker.js';
import { commandInView } from './tree-view.js';

/** The capabilities of files (capabilities(7)), as the attribute's bytes, by path below the content's top. */
export async function capabilitiesIn(
  caller: Caller,
  { view, top, masked }: Content,
): Promise<ReadonlyMap<string, Buffer>> {
  // getfattr would print a slash at its end twice.
  const directory = join('tree', top).replace(/\/$/, '');
  const options = ['--recursive', '--physical', '--no-dereference', '--dump', '--encoding=hex'];
  const { stdout } = await run(
    caller,
    commandInView(view, masked, 'getfattr', [...options, '--match=^security\\.capability$', directory]),
  );
  const found = new Map<string, Buffer>();
  for (const [, file = '', value = ''] of stdout.matchAll(/^# file: (.*)\nsecurity\.capability=0x([0-9a-f]+)$/gm)) {
    // Blanks and control characters are printed as octal numbers.
    const path = file.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
    found.set(bytesOf(path.slice(directory.length + 1)), Buffer.from(value, 'hex'));
  }
  return found;
}
