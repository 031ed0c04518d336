import { basename, dirname, join } from 'node:path';
import { installOrigin, type ImageSpec } from '../config/image-spec.js';
import type { InstallerLocation } from '../install/virt-install.js';
import type { NetbootCache } from '../sources/cache-directory.js';
import { namesInArchive } from '../sources/netboot-archive.js';
import { netbootSources } from '../sources/netboot-source.js';
import type { Plan } from './build.js';

/** The netboot cache as an image sees it. */
export function netbootCache({ cacheDir }: ImageSpec): NetbootCache {
  return { root: dirname(cacheDir), image: basename(cacheDir) };
}

/** Where virt-install finds the installer: the files that this build has verified, and that no other build replaces. */
export function installerLocation({ spec, paths }: Plan): InstallerLocation {
  const { installer } = installOrigin(spec);
  const directory = paths.netbootFiles;
  if (installer.kind === 'medium') {
    const { image, boot } = installer;
    return { kind: 'medium', file: join(directory, image.name), ...(boot ? { boot } : {}) };
  }
  if (installer.kind === 'archive') return { kind: 'netboot', directory, ...namesInArchive(installer.boot) };
  return { kind: 'netboot', directory, linux: installer.linux.name, initrd: installer.initrd.name };
}

/** Where the files lie that this build has verified, by the option that names them. */
export function pinnedFiles({ spec, paths }: Plan): Readonly<Record<string, string>> {
  const { installer } = installOrigin(spec);
  const taken = installer.kind === 'archive' ? namesInArchive(installer.boot) : {};
  const names = {
    ...Object.fromEntries(netbootSources(spec).map(({ option, from }) => [option, from.name])),
    ...taken,
  };
  return Object.fromEntries(
    Object.entries<string>(names).map(([option, name]) => [option, join(paths.netbootFiles, name)]),
  );
}
