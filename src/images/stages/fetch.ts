import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageSpec } from '../../config/image-spec.js';
import type { InstallerLocation } from '../../install/virt-install.js';
import { fetchNetbootFiles, netbootCommands } from '../../sources/netboot-files.js';
import { cachedName, originOf, type NetbootSource } from '../../sources/netboot-source.js';
import { stage } from '../stage.js';

/**
 * What kernel and initrd may come to that are not here yet: the largest that the distributions have today (Fedora's and
 * openSUSE's) take 200 MiB together. Bytes.
 */
const usualNetbootFiles = 256 * 2 ** 20;

/** Kernel and initrd of the installer, in the netboot cache, and verified. */
export const fetch = stage({
  name: 'fetch',
  title: 'Fetching the netboot files',
  leaves: ['netbootFiles', 'installer'],
  wants: ({ spec, paths }) => ({ spec, sources: netbootSources(spec), workDir: paths.workDir }),
  commands: ({ spec, sources }) => netbootCommands(spec.cacheDir, sources, spec),
  async space({ spec, sources, workDir }) {
    const { least, most } = await bytesToFetch(sources, spec.cacheDir);
    return [
      { what: 'netboot files', directory: spec.cacheDir, least, most },
      // virt-install copies them once more.
      { what: 'the start of the installer', directory: workDir, least: 0, most },
    ];
  },
  inputs: ({ spec, sources }) => [sources, spec.checksums, spec.checksumsSignature, spec.keyring, spec.verify],
  async run(host, { spec, sources }) {
    return {
      netbootFiles: await fetchNetbootFiles(host, spec.cacheDir, sources, spec),
      installer: installerLocation(spec),
    };
  },
});

export function netbootSources({ origin: { installer }, linuxSha256, initrdSha256 }: ImageSpec): NetbootSource[] {
  if (installer.kind === 'medium') return [{ option: 'installer_image', uri: installer.image }];
  return [
    { option: 'linux', uri: installer.linux, sha256: linuxSha256 },
    { option: 'initrd', uri: installer.initrd, sha256: initrdSha256 },
  ];
}

/** Where the netboot cache has the installer once it is fetched. */
export function installerLocation({ origin: { installer }, cacheDir }: ImageSpec): InstallerLocation {
  if (installer.kind === 'medium') return { kind: 'medium', file: join(cacheDir, cachedName(installer.image)) };
  return {
    kind: 'netboot',
    directory: cacheDir,
    linux: cachedName(installer.linux),
    initrd: cachedName(installer.initrd),
  };
}

/** What is in the cache already takes no more; of what lies on this machine the size is known. */
async function bytesToFetch(sources: readonly NetbootSource[], cacheDir: string) {
  const missing: NetbootSource[] = [];
  for (const source of sources) {
    if ((await sizeOf(join(cacheDir, cachedName(source.uri)))) === undefined) missing.push(source);
  }
  const sizes = await Promise.all(
    missing.map(async (source) => {
      const origin = originOf(source);
      return origin.by === 'copy' ? sizeOf(origin.path) : undefined;
    }),
  );
  const least = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  return { least, most: sizes.includes(undefined) ? Math.max(least, usualNetbootFiles) : least };
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}
