import type { Destination } from './destination.js';
import type { imageOptions, Values } from './options.js';

/** What an unattended installer reads, by the option that names it. */
export type AnswerFileKind = 'preseed' | 'kickstart' | 'yast';

export const answerFileKinds: readonly AnswerFileKind[] = ['preseed', 'kickstart', 'yast'];

/** Where kernel and initrd come from. */
export type InstallerSource =
  | { readonly kind: 'netboot'; readonly linux: string; readonly initrd: string }
  | { readonly kind: 'medium'; readonly image: string };

/** One INI section that can be built: typed, validated, frozen. Everything a build knows of its image. */
export interface ImageSpec extends Omit<
  Values<typeof imageOptions>,
  'preseed' | 'kickstart' | 'yast' | 'outputDir' | 'cacheDir'
> {
  readonly name: string;
  /** `<image>-<YYYY-MM-DD>`: what the names of all artifacts begin with. */
  readonly baseName: string;
  readonly installer: InstallerSource;
  readonly answerFile: { readonly kind: AnswerFileKind; readonly path: string };
  /** Absolute. */
  readonly outputDir: string;
  /** Absolute; the image's own directory in the netboot cache. */
  readonly cacheDir: string;
  readonly connect: string;
  readonly destinations: readonly Destination[];
  /** Every option of the section as text, for templates. */
  readonly variables: Readonly<Record<string, string>>;
}
