import type { AnswerFileKind, ImageSpec } from '../config/image-spec.js';
import { Failure } from '../host/failure.js';
import { command, type Command } from '../host/host.js';
import { libvirtEnvironment } from '../host/libvirt.js';
import { diskArgument, fileOfDomain, machineArguments, subOption } from '../host/machine.js';
import type { VirtType } from '../host/virtualisation.js';

export interface Installation {
  readonly spec: Pick<ImageSpec, 'append' | 'cores' | 'ram' | 'mac' | 'vnc' | 'osinfo' | 'connect'> & {
    readonly answerFile: { readonly kind: AnswerFileKind };
  };
  /** The domain's name. */
  readonly domain: string;
  readonly virtType: VirtType;
  readonly disk: string;
  /** Kernel and initrd in one directory, or a medium. */
  readonly location: InstallerLocation;
  /** The answer file on the builder; the installer finds it under its last name. */
  readonly answerFile: string;
  /** The volume that holds the answer file, for installers that do not look for it in their initrd. */
  readonly seedVolume?: string;
  readonly consoleLog: string;
  /** Where virt-install may keep kernel and initrd while the domain starts. */
  readonly scratchDirectory: string;
}

export type InstallerLocation =
  | { readonly kind: 'netboot'; readonly directory: string; readonly linux: string; readonly initrd: string }
  | { readonly kind: 'medium'; readonly file: string };

/**
 * Where an installer gets its answer file: injected into its initrd, whose root is `file:///`; or on a volume of its own,
 * attached as a second, read-only disk.
 */
interface Delivery {
  readonly on: 'initrd' | 'seed volume';
  /** The kernel arguments that tell the installer. */
  readonly arguments: (name: string) => readonly string[];
}

export const deliveries: Readonly<Record<AnswerFileKind, Delivery>> = {
  // Debian GNU/Linux Installation Guide, B.2.3
  preseed: { on: 'initrd', arguments: (name) => [`preseed/url=file:///${name}`] },
  // Anaconda boot options; ks= before RHEL 7
  kickstart: { on: 'initrd', arguments: (name) => [`inst.ks=file:///${name}`, `ks=file:///${name}`] },
  // AutoYaST Guide, "Invoking the auto-installation process"
  yast: { on: 'initrd', arguments: (name) => [`autoyast=file:///${name}`] },
  // Ubuntu installation documentation, "Autoinstall quick start": a volume called CIDATA, and the word of consent
  autoinstall: { on: 'seed volume', arguments: () => ['autoinstall'] },
  // Agama's documentation, "Agama URLs" and "Boot options": the profile has no word for what comes after the installation
  agama: {
    on: 'seed volume',
    arguments: () => ['inst.auto=label://OEMDRV/autoinst.json', 'inst.finish=poweroff'],
  },
};

/** A proxy that is not set. Agama (proxy_setup.rb) and linuxrc (file.c) take it for one without an address. */
const emptyProxy = /(?<!\S)proxy=(?!\S)\s*/g;

export function kernelArguments(kind: AnswerFileKind, answerFileName: string, append: string): string {
  return [...deliveries[kind].arguments(answerFileName), append.replace(emptyProxy, '').trim()]
    .filter((part) => part !== '')
    .join(' ');
}

/**
 * The call of virt-install that runs a whole installation and returns when the guest has powered off.
 *
 * @throws Failure for the name of a disk or console log that virt-install can't use
 */
export function virtInstallCommand(installation: Installation): Command {
  const { spec, location } = installation;
  const answerFileName = installation.answerFile.replace(/.*\//, '');
  return command(
    'virt-install',
    [
      ...machineArguments({ ...spec, ...installation }),
      '--noreboot',
      ...['--wait', '-1'],
      ...['--disk', diskArgument(installation.disk, 'raw')],
      ...['--graphics', graphics(spec.vnc)],
      ...['--location', locationOption(location)],
      ...['--extra-args', kernelArguments(spec.answerFile.kind, answerFileName, spec.append)],
      ...answerFileOptions(installation),
    ],
    // In session mode virt-install copies kernel and initrd below its cache directory; ours is removed in any case.
    { env: { ...libvirtEnvironment(), XDG_CACHE_HOME: installation.scratchDirectory } },
  );
}

function answerFileOptions({ spec, answerFile, seedVolume }: Installation): string[] {
  if (deliveries[spec.answerFile.kind].on === 'initrd') return ['--initrd-inject', answerFile];
  if (seedVolume === undefined) throw new Failure(`there is no seed volume for the answer file ${answerFile}`);
  return ['--disk', `path=${fileOfDomain(seedVolume)},bus=virtio,format=raw,readonly=on`];
}

function graphics(vnc: ImageSpec['vnc']): string {
  if (vnc === undefined) return 'none';
  return `vnc,port=${vnc.port}${vnc.listen === '' ? '' : `,listen=${vnc.listen}`}`;
}

function locationOption(location: InstallerLocation): string {
  if (location.kind === 'medium') return subOption(location.file);
  return `${subOption(location.directory)},kernel=${subOption(location.linux)},initrd=${subOption(location.initrd)}`;
}
