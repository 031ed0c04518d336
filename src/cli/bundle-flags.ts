import type { BootLoaderChoice } from '../disk/make/boot/add-boot-loaders.js';
import type { StoreFlags } from './store-session.js';

/** The flags of `bundle`. */
export interface BundleFlags extends StoreFlags {
  readonly list?: boolean;
  readonly outputDir?: string;
  readonly force?: boolean;
  readonly layout?: string;
  readonly size?: string;
  readonly bootLoader: BootLoaderChoice;
  /** A file with targets, for a build that has resolved them. */
  readonly targetsFile?: string;
  /** The directory in which that build works. */
  readonly workDir?: string;
  /** The file of that build's image, which stays as it is. Absolute. */
  readonly imageFile?: string;
  /** What the names of that build's files begin with: `IMAGE-DATE`. */
  readonly as?: string;
}
