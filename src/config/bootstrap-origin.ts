import { answerFileKinds, type BootstrapOrigin } from './image-spec.js';
import type { Values } from './option.js';
import type { imageOptions } from './options.js';
import type { SectionReader } from './section-reader.js';

/** The options of the installed system's description that an image without an installer reads, beside those of its template. */
export const optionsOfBootstrap: ReadonlySet<string> = new Set([
  'packages',
  'kernel-arguments',
  // Of its layout.
  'root-filesystem',
  'swap-size',
]);

/** The origin of a section that has a group, and neither an installer nor an answer file; undefined for others. */
export function bootstrapOrigin(
  { group }: Values<typeof imageOptions>,
  reader: SectionReader,
  lockFile: string,
): BootstrapOrigin | undefined {
  if (group.length === 0) return undefined;
  if (!reader.lacksAll(['linux', 'initrd', 'installer_image', ...answerFileKinds])) return undefined;
  return { kind: 'bootstrap', groups: group, lockFile };
}
