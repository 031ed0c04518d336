import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstallSpec } from '../config/image-spec.js';
import { Failure } from '../host/failure.js';
import type { Host } from '../host/host.js';
import type { BuildKey } from '../packages/build-key.js';
import { defaultPatience } from '../sources/http-client.js';
import { netbootSources } from '../sources/netboot-source.js';
import { trustedList } from '../sources/trusted-list.js';
import { vouchingFor } from '../sources/vouching.js';
import { netbootCache } from './netboot.js';

/**
 * Puts the sums of the parts of SUSE's installer into a repository, where linuxrc looks for them (its linuxrc_repo.md, "plain repomd
 * repository"): those of the list that vouches for its kernel, signed by the key of the build, which is the only one that this linuxrc
 * trusts.
 *
 * @throws Failure where the list can't be got, or is not signed by those who should have signed it
 */
export async function addInstallerSums(
  host: Host,
  spec: InstallSpec,
  { directory, key }: { readonly directory: string; readonly key: BuildKey },
): Promise<void> {
  const [source] = netbootSources(spec);
  const vouching = source && vouchingFor(source, spec);
  if (vouching === undefined || !('list' in vouching)) {
    throw new Failure(`[${spec.section}] names no list of checksums, by which the installer would check itself`);
  }
  const { list } = await trustedList(host, netbootCache(spec), vouching, defaultPatience);
  const lines = list.sums.filter(({ algorithm }) => algorithm === 'sha256').map(({ sum, path }) => `${sum}  ${path}`);
  const text = `${lines.join('\n')}\n`;
  await writeFile(join(directory, 'CHECKSUMS'), text);
  await writeFile(join(directory, 'CHECKSUMS.asc'), await key.signature(text));
}
