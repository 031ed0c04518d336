import type { MachineFirmware } from '../machine/firmware.js';
import type { Destination } from './destination.js';
import type { Values } from './option.js';
import type { imageOptions } from './options.js';
import type { Source } from './source.js';

/** What an unattended installer reads, by the option that names it. */
export const answerFileKinds = ['preseed', 'kickstart', 'yast', 'autoinstall', 'agama'] as const;

export type AnswerFileKind = (typeof answerFileKinds)[number];

/** How an image comes to be. */
export type Origin = InstallOrigin;

/** An unattended installation, in a virtual machine. */
export interface InstallOrigin {
  readonly kind: 'install';
  readonly installer: InstallerSource;
  readonly answerFile: { readonly kind: AnswerFileKind; readonly path: string };
}

/** Where kernel and initrd come from. */
export type InstallerSource =
  | { readonly kind: 'netboot'; readonly linux: Source; readonly initrd: Source }
  | {
      readonly kind: 'medium';
      readonly image: Source;
      /** Where kernel and initrd lie in the medium; undefined: virt-install knows. */
      readonly boot?: { readonly linux: string; readonly initrd: string };
    };

/** How and with which key the checksums are signed. */
export interface Signing {
  readonly by: 'gpg' | 'ssh';
  /** gpg: a fingerprint or user ID; ssh: a key file. */
  readonly key: string;
}

/** A layout as a section names it. */
export interface NamedLayout {
  /** A name or a path, as it is written. */
  readonly name: string;
  /** Absolute. */
  readonly file: string;
}

/** An option that describes the installed system, as a section sets it. */
export interface DescribedOption {
  /** For messages: `my.conf:3: [debian-13] selinux = enforcing`. */
  readonly place: string;
  /** What is wrong with its value. */
  readonly fault?: string;
}

/** One INI section that can be built: typed, validated, frozen. Everything a build knows of its image. */
export interface ImageSpec extends Omit<
  Values<typeof imageOptions>,
  AnswerFileKind | 'firmware' | 'outputDir' | 'cacheDir' | 'sign' | 'signKey' | 'layout'
> {
  readonly name: string;
  /** `<image>-<YYYY-MM-DD>`: what the names of all artifacts begin with. */
  readonly baseName: string;
  readonly origin: Origin;
  readonly firmware: MachineFirmware;
  /** Absolute. */
  readonly outputDir: string;
  /** Absolute; the image's own directory in the netboot cache. */
  readonly cacheDir: string;
  readonly connect: string;
  /** What the disk is to look like; undefined: as the answer file says. */
  readonly layout: NamedLayout | undefined;
  readonly builderId: string;
  /** Undefined: nothing is signed. */
  readonly signing: Signing | undefined;
  readonly destinations: readonly Destination[];
  /** Every option of the section as text, for templates. */
  readonly variables: Readonly<Record<string, string>>;
  /** What the command line sets, by option name. */
  readonly overridden: readonly string[];
  /** What is wrong with options that can't be resolved, by name with `-`: an error where one is read. */
  readonly unresolved: Readonly<Record<string, readonly string[]>>;
  /** Where options are set, for messages: `my.conf:3: [web] linux`, by name with `-`; of a destination `NAME:OPTION`. */
  readonly places: Readonly<Record<string, string>>;
  /** What to do where a shipped template lacks its variables. */
  readonly advice: string | undefined;
  /** What the section says of the installed system, by option name with `-`; only templates that mention it care. */
  readonly description: Readonly<Record<string, DescribedOption>>;
  /** What logs, reports and errors must not tell. */
  readonly secrets: readonly string[];
}
