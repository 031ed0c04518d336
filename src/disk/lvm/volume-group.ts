import { open } from 'node:fs/promises';
import { Failure } from '../../host/failure.js';
import { join, without, type Extent } from '../extent.js';
import type { Partition } from '../partition-table.js';
import { sectorSize } from '../raw-disk.js';
import type { LogicalVolume } from '../volume.js';
import { parseMetadata, type MetadataSection } from './metadata-text.js';
import { readPhysicalVolume, type PhysicalVolume } from './physical-volume.js';
import { numberAt, sectionAt, sectionsIn, textAt, textsAt } from './metadata-value.js';

/** A logical volume as its group describes it: what is on it is not known yet. */
export type BareVolume = Omit<LogicalVolume, 'fileSystem' | 'uuid' | 'label'>;

/** A logical volume that is no run of extents. */
export interface OddVolume {
  /** `GROUP/NAME` */
  readonly id: string;
  /** What it is, for people: `a thin volume`. */
  readonly what: string;
}

/** What LVM has on a disk. */
export interface VolumeGroups {
  readonly groups: readonly { readonly name: string; readonly volumes: readonly string[] }[];
  readonly volumes: readonly BareVolume[];
  readonly odd: readonly OddVolume[];
  /** What of the physical volumes is neither a volume's nor LVM's own: in bytes of the disk. */
  readonly unused: readonly Extent[];
}

/** A physical volume, and the partition that it is on. */
interface Member extends PhysicalVolume {
  readonly partition: Partition;
}

/**
 * Reads the volume groups of a disk from the metadata on their physical volumes: no root, no device mapper.
 *
 * @param partitions those that are physical volumes
 * @throws Failure where the metadata is damaged, or a group has a physical volume that is not on this disk
 */
export async function readVolumeGroups(disk: string, partitions: readonly Partition[]): Promise<VolumeGroups> {
  const members = await readMembers(disk, partitions);
  const groups = newestGroups(members);
  const read = groups.map((group) => readGroup(disk, group, members));
  const volumes = read.flatMap(({ volumes: some }) => some);
  const used = read.flatMap(({ used: some }) => some);
  return {
    groups: read.map(({ name, volumes: some, odd }) => ({ name, volumes: [...some, ...odd].map(({ id }) => id) })),
    volumes,
    odd: read.flatMap(({ odd }) => odd),
    unused: members.flatMap((member) => unusedOf(member, used)),
  };
}

async function readMembers(disk: string, partitions: readonly Partition[]): Promise<Member[]> {
  const file = await open(disk);
  try {
    const members: Member[] = [];
    for (const partition of partitions) {
      const name = `partition ${partition.number} of the disk ${disk}`;
      members.push({ ...(await readPhysicalVolume(file, partition, name)), partition });
    }
    return members;
  } finally {
    await file.close();
  }
}

interface Group {
  readonly name: string;
  readonly described: MetadataSection;
}

/** Each physical volume may have a copy of the metadata: the one with the highest number counts (LVM2, `seqno`). */
function newestGroups(members: readonly Member[]): Group[] {
  const newest = new Map<string, Group>();
  for (const { metadata, partition } of members) {
    for (const text of metadata) {
      const group = groupIn(text, partition.number);
      const id = textAt(group.described, 'id');
      const known = newest.get(id);
      if (known === undefined || numberAt(known.described, 'seqno') < numberAt(group.described, 'seqno')) {
        newest.set(id, group);
      }
    }
  }
  const groups = [...newest.values()];
  const twice = groups.find(({ name }, index) => groups.findIndex((other) => other.name === name) !== index);
  if (twice)
    throw new Failure(`there are two volume groups called ${twice.name} on the disk: LVM can't tell them apart`);
  return groups;
}

function groupIn(text: string, partition: number): Group {
  try {
    const [[name, described] = ['', undefined]] = Object.entries(sectionsIn(parseMetadata(text)));
    if (described === undefined) throw new Error('it names no volume group');
    return { name, described };
  } catch (error) {
    throw new Failure(`the metadata of LVM on partition ${partition} can't be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

interface ReadGroup {
  readonly name: string;
  readonly volumes: readonly BareVolume[];
  readonly odd: readonly OddVolume[];
  /** In bytes of the disk. */
  readonly used: readonly Extent[];
}

function readGroup(disk: string, { name, described }: Group, members: readonly Member[]): ReadGroup {
  const extentSize = numberAt(described, 'extent_size') * sectorSize;
  const places = new Map<string, Extent>();
  for (const [called, physical] of Object.entries(sectionsIn(sectionAt(described, 'physical_volumes')))) {
    const id = textAt(physical, 'id');
    const member = members.find(({ uuid }) => uuid === plain(id));
    if (member === undefined) {
      throw new Failure(`the volume group ${name} has a physical volume that is not on the disk ${disk}: ${id}`, {
        hint: 'Let the installer make a volume group of partitions of the one disk that it is given.',
      });
    }
    const { offset, size } = member.partition;
    const start = offset + numberAt(physical, 'pe_start') * sectorSize;
    const end = start + numberAt(physical, 'pe_count') * extentSize;
    if (end > offset + size) throw new Failure(`the physical volume ${id} of ${name} is longer than its partition`);
    places.set(called, { start, end });
  }
  const volumes: BareVolume[] = [];
  const odd: OddVolume[] = [];
  for (const [volume, section] of Object.entries(sectionsIn(sectionAt(described, 'logical_volumes', {})))) {
    const id = `${name}/${volume}`;
    const oddity = oddityOf(section);
    if (oddity !== undefined) {
      // Parts that LVM keeps to itself, such as the halves of a mirror, belong to a volume that is seen.
      if (oddity.volume !== undefined || isVisible(section)) {
        odd.push({ id: oddity.volume === undefined ? id : `${name}/${oddity.volume}`, what: oddity.what });
      }
      continue;
    }
    const [first, ...others] = join(segmentsOf(section).map((segment) => placeOf(id, segment, extentSize, places)));
    if (first === undefined) throw new Failure(`the logical volume ${id} has no segments`);
    const extents = [first, ...others] as const;
    const size = extents.reduce((sum, { start, end }) => sum + end - start, 0);
    const deviceUuid = plain(textAt(described, 'id')) + plain(textAt(section, 'id'));
    volumes.push({ kind: 'logical volume', id, group: name, name: volume, extents, size, deviceUuid });
  }
  return { name, volumes, odd, used: volumes.flatMap(({ extents }) => extents) };
}

const plain = (uuid: string) => uuid.replaceAll('-', '');

const isVisible = (section: MetadataSection) => textsAt(section, 'status').includes('VISIBLE');

/** Segments in the order in which they make the volume. */
function segmentsOf(volume: MetadataSection): MetadataSection[] {
  return Object.entries(sectionsIn(volume))
    .filter(([name]) => /^segment\d+$/.test(name))
    .map(([, segment]) => segment)
    .toSorted((one, other) => numberAt(one, 'start_extent') - numberAt(other, 'start_extent'));
}

/** Types of segments (lvmthin(7), lvmraid(7), lvmcache(7), lvmvdo(7)), for people. */
const segmentTypes: Readonly<Record<string, string>> = {
  mirror: 'a mirror, or a volume that is being moved',
  snapshot: 'a snapshot',
  thin: 'a thin volume',
  'thin-pool': 'a pool of thin volumes',
  cache: 'a cached volume',
  'cache-pool': 'a cache',
  writecache: 'a cached volume',
  vdo: 'a VDO volume',
  'vdo-pool': 'a pool of VDO volumes',
};

/** What makes a volume more than a run of extents; undefined for a linear one. */
function oddityOf(section: MetadataSection): { readonly what: string; readonly volume?: string } | undefined {
  for (const segment of segmentsOf(section)) {
    const type = textAt(segment, 'type').split('+')[0]!;
    if (type === 'striped' || type === 'linear') {
      const stripes = numberAt(segment, 'stripe_count');
      if (stripes !== 1) return { what: `striped over ${stripes} physical volumes` };
    } else if (type === 'snapshot') {
      // The volume that people know holds what has changed; this one only ties it to its origin.
      return { what: `a snapshot of ${textAt(segment, 'origin')}`, volume: textAt(segment, 'cow_store') };
    } else {
      return { what: segmentTypes[type] ?? (type.startsWith('raid') ? `RAID (${type})` : `of the type ${type}`) };
    }
  }
  return isVisible(section) ? undefined : { what: 'a part of another volume' };
}

/** Where a linear segment lies on the disk. */
function placeOf(
  id: string,
  segment: MetadataSection,
  extentSize: number,
  places: ReadonlyMap<string, Extent>,
): Extent {
  const stripes = segment['stripes'];
  const [physical, first] = Array.isArray(stripes) ? (stripes as readonly (string | number)[]) : [];
  const place = places.get(String(physical));
  const start = (place?.start ?? NaN) + Number(first) * extentSize;
  const end = start + numberAt(segment, 'extent_count') * extentSize;
  if (place === undefined || !(start >= place.start && end <= place.end && start < end)) {
    throw new Failure(`a segment of the logical volume ${id} is on no extents of a physical volume of its group`);
  }
  return { start, end };
}

/** What of a physical volume may be zeroed, the older copies of the metadata too. */
function unusedOf({ partition, headers, bootLoader }: Member, used: readonly Extent[]): Extent[] {
  const { offset, size } = partition;
  const own = [...headers, ...bootLoader].map(({ start, end }) => ({ start: offset + start, end: offset + end }));
  return without({ start: offset, end: offset + size }, [...own, ...used]);
}
