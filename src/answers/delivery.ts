import type { AnswerFileKind } from '../config/image-spec.js';

/**
 * Where an installer gets its answer file: injected into its initrd, whose root is `file:///`; or on a volume of its own,
 * attached as a second, read-only disk.
 */
export interface Delivery {
  readonly on: 'initrd' | 'seed volume';
  /** The kernel arguments that tell the installer. */
  readonly arguments: (name: string) => readonly string[];
  /** Whether the installed system gets the installer's kernel arguments, other than those that are meant for it. */
  readonly argumentsStay: boolean;
}

export const deliveries: Readonly<Record<AnswerFileKind, Delivery>> = {
  // Debian GNU/Linux Installation Guide, B.2.3; what follows --- stays (rootskel's user-params)
  preseed: { on: 'initrd', arguments: (name) => [`preseed/url=file:///${name}`], argumentsStay: false },
  // Anaconda boot options; ks= before RHEL 7. A list of its own stays (preserved_arguments in Anaconda's configuration)
  kickstart: {
    on: 'initrd',
    arguments: (name) => [`inst.ks=file:///${name}`, `ks=file:///${name}`],
    argumentsStay: false,
  },
  // AutoYaST Guide, "Invoking the auto-installation process"; linuxrc hands on what it does not know
  yast: { on: 'initrd', arguments: (name) => [`autoyast=file:///${name}`], argumentsStay: true },
  // Ubuntu installation documentation, "Autoinstall quick start": a volume called CIDATA, and the word of consent; what
  // follows --- stays (curtin)
  autoinstall: { on: 'seed volume', arguments: () => ['autoinstall'], argumentsStay: false },
  // Agama's documentation, "Agama URLs" and "Boot options": the profile has no word for what comes after the installation
  agama: {
    on: 'seed volume',
    arguments: () => ['inst.auto=label://OEMDRV/autoinst.json', 'inst.finish=poweroff'],
    argumentsStay: true,
  },
};
