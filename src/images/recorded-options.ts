import type { ImageSpec } from '../config/image-spec.js';
import { withoutCredentials } from '../config/source.js';
import { netbootSources } from '../sources/netboot-source.js';

/** Options that shape an image and can't hold a secret: no kernel arguments, commands or variables of the user's. */
export function recordedOptions(spec: ImageSpec): Record<string, string | number | boolean> {
  return {
    format: spec.format,
    compression: spec.compression,
    'image-size': spec.imageSize,
    ram: spec.ram,
    cores: spec.cores,
    'virt-type': spec.virtType,
    osinfo: spec.osinfo,
    timeout: spec.timeout,
    ...(spec.origin.kind === 'install'
      ? { 'answer-file': spec.origin.answerFile.kind }
      : spec.origin.kind === 'derive'
        ? { parent: spec.origin.parent }
        : { group: spec.origin.groups.join(',') }),
  };
}

/**
 * Where packages came from: the section's variables that are called a mirror, hold a URL, and are what the installation was
 * told. A section inherits the mirrors of other distributions as well.
 *
 * @param answerFile its text, as the installer read it
 */
export function mirrors(spec: ImageSpec, answerFile: string): { readonly name: string; readonly uri: string }[] {
  const told = [
    answerFile,
    spec.append,
    ...netbootSources(spec).map(({ from }) => from.uri),
    spec.checksums?.uri ?? '',
  ];
  return Object.entries(spec.variables)
    .filter(([name, value]) => /mirror|repo/i.test(name) && /^(https?|ftp|rsync):\/\/\S+$/i.test(value))
    .filter(([, value]) => told.some((text) => mentions(text, value)))
    .map(([name, uri]) => ({ name, uri: withoutCredentials(uri) }));
}

/** Whether a text holds a URL, or one below it: `http://host/debian` is not meant by `http://host/debian-security`. */
function mentions(text: string, url: string): boolean {
  const whole = url.replace(/\/+$/, '');
  for (let at = text.indexOf(whole); at >= 0; at = text.indexOf(whole, at + 1)) {
    if (!/^[\w.~%-]/.test(text.slice(at + whole.length))) return true;
  }
  return false;
}
