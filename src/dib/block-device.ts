import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../host/errno.js';
import { UsageError } from '../host/failure.js';
import type { Log } from '../host/log.js';
import type { Element } from '../elements/element.js';
import { assumedSize } from '../layout/assumed-size.js';
import type { FileSystem, Layout } from '../layout/layout.js';
import { parseLayout } from '../layout/parse.js';
import { planLayout } from '../layout/plan.js';
import type { DibRequest } from './request.js';

const MiB = 2 ** 20;

/** What elements with an EFI system partition add to a size, as diskimage-builder has it. */
const efiRoom = 525 * MiB;

/** Where a layout is written down. */
export interface BlockDeviceText {
  readonly text: string;
  readonly file: string;
}

/** The disk without a partition table that diskimage-builder makes where nothing says otherwise. */
const plainDisk = `- local_loop:
    name: image0
    mkfs:
      name: mkfs_root
      mount:
        mount_point: /
        fstab:
          options: defaults
          fsck-passno: 1
`;

/**
 * The layout of a build: DIB_BLOCK_DEVICE_CONFIG, or the first element's that has one for the architecture or for all.
 *
 * @throws UsageError if the file that is named can't be read
 */
export function blockDeviceText(elements: readonly Element[], { environment, arch }: DibRequest): BlockDeviceText {
  const said = environment.DIB_BLOCK_DEVICE_CONFIG ?? '';
  if (said.startsWith('file://')) return read(said.slice('file://'.length));
  if (said !== '') return { text: said, file: 'DIB_BLOCK_DEVICE_CONFIG' };
  const of = arch === 'ppc64le' ? 'ppc64el' : arch;
  const files = elements.flatMap(({ directory }) =>
    [of, 'default'].map((each) => join(directory, `block-device-${each}.yaml`)),
  );
  const found = files.find((file) => existsSync(file));
  return found === undefined ? { text: plainDisk, file: 'the disk without partitions' } : read(found);
}

function read(file: string): BlockDeviceText {
  try {
    return { text: readFileSync(file, 'utf8'), file };
  } catch (error) {
    throw new UsageError([`can't read the layout ${file}: ${reasonOf(error)}`]);
  }
}

/** What hooks are told of the disk before it is made. */
export function diskFacts({ text, file }: BlockDeviceText, request: DibRequest) {
  const document = parseLayout(text, file);
  const { layout } = planLayout(document, { imageSize: assumedSize(document, 16 * 2 ** 30) });
  const { fileSystems } = withParameters(layout, request);
  const root = fileSystems.find(({ mount }) => mount === '/');
  const boot = fileSystems.find(({ mount }) => mount === '/boot');
  return {
    rootLabel: root?.label ?? 'cloudimg-rootfs',
    rootFileSystem: root?.type ?? 'ext4',
    bootLabel: boot?.label ?? '',
    mountPoints: fileSystems.flatMap(({ mount }) => mount ?? []).sort(),
  };
}

/**
 * The layout with its size, and with what the command line says of the root file system.
 *
 * @param used bytes that the tree takes
 * @throws UsageError with everything that is wrong in it
 */
export function diskLayout(
  from: BlockDeviceText,
  request: DibRequest,
  elements: readonly Element[],
  used: number,
  log: Log,
): Layout {
  const { text, file } = from;
  const document = parseLayout(text, file);
  const { layout, findings } = planLayout(document, { imageSize: imageSize(request, elements, used) });
  const told = findings.map(({ line, message, weight }) => ({ weight, text: `${file}:${line ?? 1}: ${message}` }));
  const errors = told.filter(({ weight }) => weight === 'error');
  if (errors.length > 0) throw new UsageError(errors.map((each) => each.text));
  for (const each of told) log.warn(each.text);
  return withParameters(layout, request);
}

/** Whole 64 KiB: what the tree holds is three fifths of it, and the journal comes in addition. */
export function imageSize(request: DibRequest, elements: readonly Element[], used: number): number {
  const journal = (request.rootFileSystem ?? 'ext4') === 'ext4' ? request.journalSize * MiB : 0;
  const room = request.extraSize === undefined ? used / 0.6 : used + request.extraSize;
  const efi = elements.some(({ name }) => name.startsWith('block-device-efi')) ? efiRoom : 0;
  const size = (request.imageSize ?? room + journal) + efi;
  return Math.ceil(size / 65536) * 65536;
}

/** What the command line says goes to the file system that is called mkfs_root. */
function withParameters(layout: Layout, request: DibRequest): Layout {
  const change = (fileSystem: FileSystem): FileSystem => {
    if (fileSystem.name !== 'mkfs_root') return fileSystem;
    const type = fileSystem.type === 'ext4' ? (request.rootFileSystem ?? 'ext4') : fileSystem.type;
    const usual = type === 'ext4' ? ['-i', '4096', '-J', `size=${request.journalSize}`] : [];
    return {
      ...fileSystem,
      type,
      label: request.rootLabel ?? (type === 'xfs' && fileSystem.type !== 'xfs' ? 'img-rootfs' : fileSystem.label),
      options: [...usual, ...request.mkfsOptions, ...fileSystem.options],
    };
  };
  const fileSystems = layout.fileSystems.map(change);
  const changed = fileSystems.find(({ name }) => name === 'mkfs_root');
  const fstab = layout.fstab.map((line) => {
    if (line.fileSystem !== changed?.name) return line;
    const device = line.device.startsWith('LABEL=') ? `LABEL=${changed.label}` : line.device;
    return { ...line, device, type: changed.type };
  });
  return { ...layout, fileSystems, fstab };
}
