import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { machine } from 'node:os';
import { dirname, resolve } from 'node:path';
import { dib as runDib } from '../dib/dib.js';
import { dibRequest, type DibFlags } from '../dib/request.js';
import { UsageError } from '../host/failure.js';
import { usualLimits } from '../layers/import/archive-limits.js';
import { architectureNamed } from '../machine/architectures.js';
import { visible } from '../report/visible.js';
import { configuredElementPath } from './element-path.js';
import { importFrom } from './layer-import.js';
import { withPrivateStore, type StoreFlags } from './store-session.js';

export interface DibCommandFlags extends DibFlags, StoreFlags {
  readonly logfile?: string;
  readonly ramdiskElement?: string;
}

/** Does what disk-image-create does with these words, on a layer over a parent. */
export async function dib(elements: readonly string[], flags: DibCommandFlags): Promise<void> {
  if (flags.ramdiskElement !== undefined) {
    throw new UsageError(['--ramdisk-element: ramdisks are not made: ironic-python-agent-builder makes them']);
  }
  const elementPath = configuredElementPath({ config: flags.config });
  const caller = { ...process.env, ELEMENTS_PATH: elementPath.join(':') };
  const { imageCache } = flags;
  const environment = imageCache === undefined ? caller : { ...caller, DIB_IMAGE_CACHE: resolve(imageCache) };
  const request = dibRequest(elements, flags, environment, architectureNamed(machine())?.debianName ?? 'amd64');
  await withPrivateStore(flags, async (store) => {
    const output = openOutput(flags.logfile);
    try {
      const limits = usualLimits;
      const files = await runDib(store, request, {
        onLine: (line) => output.line(line),
        importFrom: (into, { name, from }) => importFrom(into, { name, from, parent: undefined, limits }),
      });
      if (flags.json) console.log(JSON.stringify({ files }, undefined, 2));
      else for (const file of files) output.line(`Image file ${file} created...`);
    } finally {
      output.close();
    }
  });
}

/** Where the output of hooks goes: with the time in front unless DIB_NO_TIMESTAMP is 1, and to a file alone unless DIB_QUIET is 0. */
function openOutput(logfile: string | undefined): { line(text: string): void; close(): void } {
  let file: WriteStream | undefined;
  if (logfile !== undefined) {
    mkdirSync(dirname(resolve(logfile)), { recursive: true });
    file = createWriteStream(logfile, { flags: 'w' });
  }
  const { DIB_QUIET: quiet, DIB_NO_TIMESTAMP: plain } = process.env;
  const isQuiet = quiet === undefined || quiet === '' ? logfile !== undefined : quiet === '1';
  return {
    line(text) {
      const now = new Date().toISOString().replace('T', ' ').replace('Z', '');
      const line = plain === '1' ? text : `${now} | ${text}`;
      file?.write(`${line}\n`);
      if (!isQuiet) console.log(visible(line));
    },
    close: () => file?.end(),
  };
}
