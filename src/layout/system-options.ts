import { shippedLayouts } from '../config/layout-file.js';
import { sizeOrNone } from '../config/description-types.js';
import type { ImageSpec } from '../config/image-spec.js';
import { canonical } from '../config/option.js';
import type { DocumentFileSystem, DocumentPartition, LayoutDocument } from './document.js';
import { gptTypes } from './partition-types.js';

type Subject = Pick<ImageSpec, 'layout' | 'description' | 'variables'>;

/**
 * A layout with what the section says of the installed system's disk: `root-filesystem` and `swap-size` change a shipped
 * layout. A layout of your own says both itself.
 *
 * @returns errors, where the options and the layout contradict each other
 */
export function withSystemOptions(
  document: LayoutDocument,
  spec: Subject,
): { readonly document: LayoutDocument; readonly errors: readonly string[] } {
  const type = given(spec, 'root-filesystem');
  const swap = sizeOrNone.parse(given(spec, 'swap-size') ?? '0');
  const changes = [...(type ? [rootFileSystem(type)] : []), ...(swap > 0 ? [swapPartition(swap)] : [])];
  const errors: string[] = [];
  let changed = document;
  for (const { option, apply } of changes) {
    const place = spec.description[option]?.place ?? option;
    if (!spec.layout?.file.startsWith(shippedLayouts)) {
      errors.push(`${place}: the layout ${document.file} says it: remove ${option}, or write it in the layout`);
      continue;
    }
    const result = apply(changed);
    if (typeof result === 'string') errors.push(`${place}: ${result}`);
    else changed = result;
  }
  return { document: changed, errors };
}

/** The text of an option that you set, and that is right. */
function given({ description, variables }: Subject, option: string): string | undefined {
  const described = description[option];
  if (described === undefined || described.fault !== undefined) return undefined;
  // Shipped images see the defaults of the program, which is the file of this name.
  if (described.place.startsWith('image-factory:')) return undefined;
  const spelling = Object.keys(variables).find((name) => canonical(name) === option);
  return spelling === undefined ? undefined : variables[spelling];
}

interface Change {
  readonly option: string;
  /** The changed document, or why it can't be. */
  readonly apply: (document: LayoutDocument) => LayoutDocument | string;
}

function rootFileSystem(type: string): Change {
  return {
    option: 'root-filesystem',
    apply: (document) => ({
      ...document,
      fileSystems: document.fileSystems.map((one) => (one.mount?.point === '/' ? { ...one, ...labelled(type) } : one)),
    }),
  };
}

/** The labels that diskimage-builder gives its root file system: xfs has 12 characters for it. */
function labelled(type: string): Pick<DocumentFileSystem, 'type' | 'label'> {
  return { type, label: type === 'xfs' ? 'img-rootfs' : 'cloudimg-rootfs' };
}

/** Swap space before the partition that takes the rest of the disk. */
/** @param bytes of it */
function swapPartition(bytes: number): Change {
  return {
    option: 'swap-size',
    apply(document) {
      const [disk, ...others] = document.disks;
      if (disk?.table === undefined || document.volumeGroups.length > 0) {
        return 'this layout has volume groups: write a layout of your own, with a volume for swap space';
      }
      const { table } = disk;
      const last = table.partitions.length - 1;
      const partitions = table.partitions.toSpliced(last, 0, swapOf(table.label, bytes, table.line));
      const fileSystem = { ...swapSpace, line: table.line };
      return {
        ...document,
        disks: [{ ...disk, table: { ...table, partitions } }, ...others],
        fileSystems: [...document.fileSystems, fileSystem],
      };
    },
  };
}

function swapOf(label: 'mbr' | 'gpt', bytes: number, line: number): DocumentPartition {
  const type = label === 'gpt' ? gptTypes.linuxSwap : '0x82';
  return { name: 'swap', line, sizeLine: line, size: { bytes }, type, flags: [], isPrimary: true };
}

const swapSpace = {
  name: 'mkfs_swap',
  on: 'swap',
  type: 'swap',
  label: 'swap',
  uuid: undefined,
  options: [],
  grow: false,
  mount: { point: 'none', fstab: { options: ['sw'], dump: 0, pass: 0 } },
  subvolumes: [],
} as const;
