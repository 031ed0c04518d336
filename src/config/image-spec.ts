import type { MachineFirmware } from '../machine/firmware.js';
import type { BundleTarget } from './bundle-target.js';
import type { Packages } from './description-types.js';
import type { Destination } from './destination.js';
import type { Values } from './option.js';
import type { imageOptions } from './options.js';
import type { Source } from './source.js';
import type { UserAccount } from './user-account.js';

/** What an unattended installer reads, by the option that names it. */
export const answerFileKinds = ['preseed', 'kickstart', 'yast', 'autoinstall', 'agama'] as const;

export type AnswerFileKind = (typeof answerFileKinds)[number];

/** How an image comes to be. */
export type Origin = InstallOrigin | DeriveOrigin | BootstrapOrigin;

/** An unattended installation, in a virtual machine. */
export interface InstallOrigin {
  readonly kind: 'install';
  readonly installer: InstallerSource;
  readonly answerFile: { readonly kind: AnswerFileKind; readonly path: string };
}

/** The packages of groups, and no installer. */
export interface BootstrapOrigin {
  readonly kind: 'bootstrap';
  readonly groups: readonly string[];
  /** Where its package lock lies, whether there is one or not. Absolute. */
  readonly lockFile: string;
}

/** Changes to the tree of another image. */
export interface DeriveOrigin {
  readonly kind: 'derive';
  /** An image, with its flavor (`web@xen`), a layer of the store, or `file:` and a path, which is absolute. */
  readonly parent: string;
  /** The parent, where it is an image of the configuration. */
  readonly parentImage: ImageSpec | undefined;
  /** The name of an image that is like the parent's, where that is none, for messages. */
  readonly nearestImage: string | undefined;
  readonly changes: TreeChanges;
  /** Where programs run in the tree; undefined: where this machine can. */
  readonly in: 'namespace' | 'vm' | undefined;
}

/** What is done to a tree, in this order. All paths are absolute. */
export interface TreeChanges {
  readonly packages: Packages;
  /** diskimage-builder's elements, and the directories in which they are looked for. */
  readonly elements: readonly string[];
  readonly elementPath: readonly string[];
  /** Variables of their hooks. */
  readonly elementEnvironment: Readonly<Record<string, string>>;
  /** Directories that are copied in. */
  readonly files: readonly string[];
  /** Scripts that run in the tree. */
  readonly run: readonly string[];
  /** The text of the last one. */
  readonly postScript: string | undefined;
}

/** Where kernel and initrd lie in a medium or an archive. */
export interface BootPaths {
  readonly linux: string;
  readonly initrd: string;
}

/** Where kernel and initrd come from. */
export type InstallerSource =
  | { readonly kind: 'archive'; readonly archive: Source; readonly boot: BootPaths }
  | { readonly kind: 'netboot'; readonly linux: Source; readonly initrd: Source }
  | {
      readonly kind: 'medium';
      readonly image: Source;
      /** Where kernel and initrd lie in the medium; undefined: virt-install knows. */
      readonly boot?: BootPaths;
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
  | AnswerFileKind
  | 'firmware'
  | 'outputDir'
  | 'cacheDir'
  | 'storeDir'
  | 'sign'
  | 'signKey'
  | 'layout'
  | 'parent'
  | 'elements'
  | 'elementPath'
  | 'elementEnvironment'
  | 'files'
  | 'run'
  | 'deriveIn'
> {
  /** With its flavor: `web@xen`. */
  readonly name: string;
  /** The section that describes it. */
  readonly section: string;
  /** `<image>-<YYYY-MM-DD>`: what the names of all artifacts begin with. */
  readonly baseName: string;
  readonly origin: Origin;
  readonly firmware: MachineFirmware;
  /** Absolute. */
  readonly outputDir: string;
  /** Absolute; the image's own directory in the netboot cache. */
  readonly cacheDir: string;
  /** Absolute; the store of layers. */
  readonly storeDir: string;
  readonly connect: string;
  /** What the disk is to look like; undefined: as the answer file says. */
  readonly layout: NamedLayout | undefined;
  readonly builderId: string;
  /** Undefined: nothing is signed. */
  readonly signing: Signing | undefined;
  readonly destinations: readonly Destination[];
  /** What **bundles** names. */
  readonly targets: readonly BundleTarget[];
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
  /** Directories whose content is copied into the image. Absolute. */
  readonly files: readonly string[];
  /** The users that `users` names, in its order. */
  readonly users: readonly UserAccount[];
  /** What logs, reports and errors must not tell. */
  readonly secrets: readonly string[];
}

/** An image that is installed. */
export type InstallSpec = ImageSpec & { readonly origin: InstallOrigin };

/** An image whose origin is the tree of another one. */
export type DeriveSpec = ImageSpec & { readonly origin: DeriveOrigin };

/** An image that is made from packages alone. */
export type BootstrapSpec = ImageSpec & { readonly origin: BootstrapOrigin };

export function isBootstrapped(spec: ImageSpec): spec is BootstrapSpec {
  return spec.origin.kind === 'bootstrap';
}

export function isInstalled(spec: ImageSpec): spec is InstallSpec {
  return spec.origin.kind === 'install';
}

export function isDerived(spec: ImageSpec): spec is DeriveSpec {
  return spec.origin.kind === 'derive';
}

/** How an image comes about that is not installed, for messages: "it is not installed, but …". */
export function wayWithoutInstaller(spec: ImageSpec): string {
  return isDerived(spec) ? "has a 'parent'" : 'made from its packages';
}

/** Whether a build of an image starts virtual machines, so that it needs libvirt: to install it, or to see that it boots. */
export function startsMachines({ origin, bootTest }: Pick<ImageSpec, 'origin' | 'bootTest'>): boolean {
  return origin.kind === 'install' || bootTest.kind !== 'off';
}

/** The origin of an image that is installed. @throws Error for others: a fault of the recipe, not of the user */
export function installOrigin({ name, origin }: Pick<ImageSpec, 'name' | 'origin'>): InstallOrigin {
  if (origin.kind !== 'install') throw new Error(`${name} is not installed, but comes from '${origin.kind}'`);
  return origin;
}
