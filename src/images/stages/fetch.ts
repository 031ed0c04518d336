import { join } from 'node:path';
import type { ImageSpec } from '../../config/image-spec.js';
import { cachedName, type NetbootSource } from '../../sources/netboot-source.js';
import { fetchNetbootFiles, netbootCommands } from '../../sources/netboot-files.js';
import type { InstallerLocation } from '../../install/virt-install.js';
import { always, type Stage } from '../../engine/stage.js';

/** Kernel and initrd of the installer, in the netboot cache, and verified. */
export const fetch: Stage = {
  name: 'fetch',
  title: 'Fetching the netboot files',
  neededFor: always,
  commands: ({ spec }) => netbootCommands(spec.cacheDir, netbootSources(spec), spec),
  async run(build) {
    const { spec } = build;
    build.state.netbootFiles = await fetchNetbootFiles(build, spec.cacheDir, netbootSources(spec), spec);
    build.state.installer = installerLocation(spec);
  },
  inputs: ({ spec }) => [netbootSources(spec), spec.checksums, spec.checksumsSignature, spec.keyring, spec.verify],
};

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
