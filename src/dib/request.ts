import { UsageError } from '../host/failure.js';
import { didYouMean } from '../config/suggestion.js';

/** What disk-image-create's command line asks for. */
export interface DibRequest {
  /** With `base`, unless `-n` leaves it out. */
  readonly elements: readonly string[];
  /** As Debian calls it. */
  readonly arch: string;
  /** `-o`: a path, without the suffix of its only type. */
  readonly name: string;
  readonly types: readonly ImageType[];
  readonly packages: readonly string[];
  readonly isCompressed: boolean;
  /** `-o` for every conversion of qemu-img. */
  readonly conversionOptions: string | undefined;
  /** Bytes; undefined: by what the tree holds. */
  readonly imageSize: number | undefined;
  /** Bytes in addition to what the tree holds, instead of two thirds of that. */
  readonly extraSize: number | undefined;
  /** MiB. */
  readonly journalSize: number;
  readonly mkfsOptions: readonly string[];
  readonly rootLabel: string | undefined;
  readonly rootFileSystem: string | undefined;
  readonly checksums: readonly ('md5' | 'sha256')[];
  readonly dockerTarget: string | undefined;
  /** A layer or directory; undefined: one that is made for the operating system among the elements. */
  readonly parent: string | undefined;
  /** What hooks inherit. */
  readonly environment: NodeJS.ProcessEnv;
}

/** What `-t` may name. Those with a driver are made by qemu-img of a disk, the others of the tree. */
export const imageTypes = {
  qcow2: { driver: 'qcow2', suffix: 'qcow2' },
  raw: { driver: 'raw', suffix: 'raw' },
  vmdk: { driver: 'vmdk', suffix: 'vmdk' },
  vdi: { driver: 'vdi', suffix: 'vdi' },
  vhdx: { driver: 'vhdx', suffix: 'vhdx' },
  vpc: { driver: 'vpc', suffix: 'vpc' },
  // Azure and XenServer want whole MiB, which a disk of whole 64 KiB need not have.
  vhd: { driver: 'vpc', suffix: 'vhd', options: 'subformat=fixed,force_size=on' },
  tar: { suffix: 'tar', format: 'tar', compression: 'none' },
  tgz: { suffix: 'tgz', format: 'tar', compression: 'gzip' },
  squashfs: { suffix: 'squash', format: 'squashfs', compression: 'xz' },
  docker: { suffix: 'docker.tar', format: 'docker', compression: 'gzip' },
} as const;

export type ImageType = keyof typeof imageTypes;

/** The flags, as they are typed. */
export interface DibFlags {
  readonly a?: string;
  readonly o?: string;
  readonly t?: string;
  readonly x?: number;
  readonly u?: boolean;
  readonly c?: boolean;
  readonly n?: boolean;
  readonly p?: readonly string[];
  readonly checksum?: boolean;
  readonly imageSize?: string;
  readonly imageExtraSize?: string;
  readonly imageCache?: string;
  readonly maxOnlineResize?: string;
  readonly mkfsJournalSize?: string;
  readonly mkfsOptions?: string;
  readonly offline?: boolean;
  readonly qemuImgOptions?: string;
  readonly rootLabel?: string;
  readonly installType?: string;
  readonly dockerTarget?: string;
  readonly parent?: string;
}

const GiB = 2 ** 30;
const MiB = 2 ** 20;

/**
 * What a command line and its environment ask for, by the rules of disk-image-create. Flags win over variables.
 *
 * @throws UsageError with everything that is wrong
 */
export function dibRequest(
  elements: readonly string[],
  flags: DibFlags,
  caller: NodeJS.ProcessEnv,
  arch: string,
): DibRequest {
  const problems: string[] = [];
  const number = (option: string, text: string | undefined, unit: number): number | undefined => {
    if (text === undefined || text === '') return undefined;
    const value = /^\d+(\.\d*)?$|^\.\d+$/.test(text) ? Number(text) * unit : NaN;
    if (value > 0 && value < Number.MAX_SAFE_INTEGER) return Math.round(value);
    problems.push(`${option} ${text}: expected a number, such as 4 or 2.5`);
    return undefined;
  };
  if (elements.length === 0) {
    problems.push('dib: name at least one element, such as debian-minimal');
  }
  const environment = { ...(flags.c ? cleared(caller) : caller) };
  const set = (name: string, value: string | undefined) => {
    if (value !== undefined) environment[name] = value;
  };
  set('DIB_DEBUG_TRACE', flags.x === undefined ? undefined : `${flags.x + (Number(caller.DIB_DEBUG_TRACE) || 0)}`);
  set('DIB_OFFLINE', flags.offline ? '1' : undefined);
  set('DIB_DEFAULT_INSTALLTYPE', flags.installType);
  const installType = environment.DIB_DEFAULT_INSTALLTYPE ?? 'source';
  if (!['source', 'package'].includes(installType)) {
    problems.push(`--install-type ${installType}: expected 'source' or 'package'`);
  }
  const types = typesOf(flags.t ?? 'qcow2', problems);
  if (types.includes('docker') && flags.dockerTarget === undefined) {
    problems.push('-t docker: name the image by --docker-target REPOSITORY:TAG');
  }
  const name = flags.o ?? environment.IMAGE_NAME ?? 'image';
  const [only] = types;
  const checksum = flags.checksum ? '1' : (environment.DIB_CHECKSUM ?? '0');
  const resize = number('--max-online-resize', flags.maxOnlineResize, 1);
  const request: DibRequest = {
    elements: [...(flags.n ? [] : ['base']), ...elements.filter((each) => flags.n === true || each !== 'base')],
    arch: flags.a ?? environment.ARCH ?? arch,
    name: types.length === 1 && only !== undefined ? name.replace(new RegExp(`\\.${only}$`), '') : name,
    types,
    packages: (flags.p ?? []).flatMap((each) => each.split(/[\s,]+/)).filter((each) => each !== ''),
    isCompressed: !flags.u,
    conversionOptions: flags.qemuImgOptions,
    imageSize: number('--image-size', flags.imageSize ?? environment.DIB_IMAGE_SIZE, GiB),
    extraSize: number('--image-extra-size', flags.imageExtraSize ?? environment.DIB_IMAGE_EXTRA_SIZE, MiB),
    journalSize: number('--mkfs-journal-size', flags.mkfsJournalSize ?? environment.DIB_JOURNAL_SIZE, 1) ?? 64,
    mkfsOptions: [
      ...(resize === undefined ? [] : ['-E', `resize=${resize}`]),
      ...(flags.mkfsOptions ?? '').split(' ').filter((word) => word !== ''),
    ],
    rootLabel: flags.rootLabel ?? (environment.ROOT_LABEL || undefined),
    rootFileSystem: environment.FS_TYPE || undefined,
    checksums:
      checksum === '1' ? ['md5', 'sha256'] : (['md5', 'sha256'] as const).filter((each) => checksum.includes(each)),
    dockerTarget: flags.dockerTarget,
    parent: flags.parent,
    environment,
  };
  if (problems.length > 0) throw new UsageError(problems);
  return request;
}

/** diskimage-builder means to start again without the environment; what is left is what programs need. */
function cleared(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = ['HOME', 'PATH', 'USER', 'LOGNAME', 'TERM', 'TMPDIR', 'ELEMENTS_PATH'];
  return Object.fromEntries(Object.entries(environment).filter(([name]) => kept.includes(name)));
}

function typesOf(text: string, problems: string[]): ImageType[] {
  const known = Object.keys(imageTypes) as ImageType[];
  const named = text.split(',').filter((each) => each !== '');
  if (named.length === 0) problems.push('-t: name at least one type');
  const types = named.flatMap((each): ImageType[] => {
    const type = known.find((one) => one === each);
    if (type !== undefined) return [type];
    problems.push(`-t ${each}: expected one of ${known.join(', ')}${didYouMean(each, known)}`);
    return [];
  });
  // The disk itself becomes the raw image, so that comes last.
  return [...new Set(types)].sort((one, other) => Number(one === 'raw') - Number(other === 'raw'));
}
