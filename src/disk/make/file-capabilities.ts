import { run, type Caller } from '../../host/host.js';
import type { Content } from './file-system-maker.js';
import { commandInView, inView } from './tree-view.js';

/** The capabilities of files (capabilities(7)), as the attribute's bytes, by path below the content's top. */
export async function capabilitiesIn(caller: Caller, content: Content): Promise<ReadonlyMap<string, Buffer>> {
  const top = inView(content.view, content.top);
  const options = ['--recursive', '--physical', '--no-dereference', '--absolute-names', '--dump', '--encoding=hex'];
  const { stdout } = await run(
    caller,
    commandInView(content.view, content.masked, 'getfattr', [...options, '--match=^security\\.capability$', top]),
  );
  const found = new Map<string, Buffer>();
  for (const [, file = '', value = ''] of stdout.matchAll(/^# file: (.*)\nsecurity\.capability=0x([0-9a-f]+)$/gm)) {
    const bytes = Buffer.from(
      file.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
      'utf8',
    );
    found.set(bytes.toString('latin1').slice(top.replace(/\/$/, '').length + 1), Buffer.from(value, 'hex'));
  }
  return found;
}
