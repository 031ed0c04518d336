import { existsSync } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { ownersFile } from '../../config/file-owners.js';
import type { TreeChanges } from '../../config/image-spec.js';
import { elementPathOf } from '../../elements/element-path.js';
import { command, run, type Caller } from '../../host/host.js';

/** A path of the build machine, and its name in the archive of inputs. */
export interface GuestInput {
  readonly path: string;
  readonly packed: string;
}

/**
 * Packs the files of the build machine of which changes speak: directories to copy, scripts, elements with the Python that
 * their hooks are written in.
 *
 * @param file gets a tar archive
 * @param further other paths
 */
export async function packInputs(
  caller: Caller,
  changes: Pick<TreeChanges, 'files' | 'run' | 'elements' | 'elementPath'>,
  file: string,
  further: readonly string[] = [],
): Promise<GuestInput[]> {
  const { files, run: scripts, elements, elementPath } = changes;
  const lists = files.map(ownersFile);
  const ofElements = elements.length === 0 ? [] : await pathsOfElements(elementPath);
  const inputs: GuestInput[] = [];
  for (const path of new Set([...files, ...lists, ...scripts, ...ofElements, ...further])) {
    if (existsSync(path)) inputs.push({ path, packed: (await realpath(path)).slice(1) });
  }
  const names = [...new Set(inputs.map(({ packed }) => packed))];
  // An archive without files is made from an empty list, not from an empty command line.
  const input = names.map((name) => `${name}\0`).join('');
  const words = ['-cf', file, '-C', '/', '--hard-dereference', '--null', '--verbatim-files-from', '-T', '-'];
  await run(caller, command('tar', words, { input }));
  return inputs;
}

async function pathsOfElements(named: readonly string[]): Promise<string[]> {
  const { directories, builder } = elementPathOf(named);
  const versions = (await readdir('/usr/lib').catch(() => [])).filter((name) => /^python3(\.\d+)?$/.test(name));
  return [
    ...directories,
    ...(builder === undefined ? [] : [join(builder.pythonPath, 'diskimage_builder'), builder.lib]),
    ...versions.map((name) => `/usr/lib/${name}`),
  ];
}
