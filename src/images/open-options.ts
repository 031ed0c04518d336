import type { ImageSpec } from '../config/image-spec.js';
import { withoutCredentials } from '../sources/netboot-source.js';

/** Options that shape an image and can't hold a secret: no kernel arguments, commands or variables of the user's. */
export function openOptions(spec: ImageSpec): Record<string, string | number | boolean> {
  return {
    format: spec.format,
    compression: spec.compression,
    'image-size': spec.imageSize,
    ram: spec.ram,
    cores: spec.cores,
    'virt-type': spec.virtType,
    osinfo: spec.osinfo,
    timeout: spec.timeout,
    'answer-file': spec.origin.answerFile.kind,
  };
}

/** Where packages may come from: the section's variables that are called a mirror and hold a URL. */
export function mirrors({ variables }: ImageSpec): { readonly name: string; readonly uri: string }[] {
  return Object.entries(variables)
    .filter(([name, value]) => /mirror|repo/i.test(name) && /^(https?|ftp|rsync):\/\/\S+$/i.test(value))
    .map(([name, uri]) => ({ name, uri: withoutCredentials(uri) }));
}
