import { Failure } from '../host/failure.js';
import { command, run, type Command, type Caller } from '../host/host.js';
import { stat } from 'node:fs/promises';
import type { Extent } from './extent.js';
import { sectorSize } from './raw-disk.js';

export interface Partition {
  /** As sfdisk counts, from 1. */
  readonly number: number;
  /** Bytes from the beginning of the disk. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
  /** MBR type in hexadecimal (`83`) or GPT type GUID. */
  readonly type: string;
  /** What the kernel calls PARTUUID: of GPT, or made of the MBR's disk id. */
  readonly partUuid: string | undefined;
  /** The name that a GPT gives it. */
  readonly partLabel: string | undefined;
}

export interface PartitionTable {
  /** As sfdisk calls its kind: `dos`, `gpt`. */
  readonly label: string;
  /** The first byte that a partition may have, and the byte after the last one: a GPT lies around them. */
  readonly usable: Extent;
  readonly partitions: readonly Partition[];
}

interface SfdiskTable {
  readonly partitiontable: {
    readonly label: string;
    readonly id?: string;
    readonly firstlba?: number;
    readonly lastlba?: number;
    readonly sectorsize?: number;
    readonly partitions?: readonly {
      readonly node: string;
      readonly start: number;
      readonly size: number;
      readonly type: string;
      readonly uuid?: string;
      readonly name?: string;
    }[];
  };
}

export function readPartitionTableCommand(disk: string): Command {
  return command('sfdisk', ['--json', disk]);
}

/** @throws Failure if the disk has no partition table: nothing was installed on it */
export async function readPartitionTable(host: Caller, disk: string): Promise<PartitionTable> {
  const { stdout, exitCode } = await run(host, readPartitionTableCommand(disk), { accept: [1] });
  const table = exitCode === 0 ? parse(disk, stdout).partitiontable : undefined;
  const partitions = table?.partitions ?? [];
  if (partitions.length > mostPartitions) {
    throw new Failure(
      `there are ${partitions.length} partitions on the disk ${disk}: no installer makes more than ${mostPartitions}`,
    );
  }
  if (table === undefined || partitions.length === 0) {
    throw new Failure(
      `there are no partitions on the disk ${disk}: the installer powered off without installing anything`,
      {
        hint: 'See the console log for the progress of the installer.',
      },
    );
  }
  const unit = table.sectorsize ?? sectorSize;
  return {
    label: table.label,
    usable: {
      start: (table.firstlba ?? 1) * unit,
      end: table.lastlba === undefined ? (await stat(disk)).size : (table.lastlba + 1) * unit,
    },
    partitions: partitions.map(({ node, start, size, type, uuid, name }) => {
      const number = Number(/(\d+)$/.exec(node)?.[1]);
      return {
        number,
        offset: start * unit,
        size: size * unit,
        type: type.toLowerCase(),
        partUuid: uuid?.toLowerCase() ?? mbrPartUuid(table.id, number),
        partLabel: name,
      };
    }),
  };
}

/** As the kernel makes it: `0x1234abcd` and 1 are `1234abcd-01`. */
function mbrPartUuid(disk: string | undefined, number: number): string | undefined {
  const [, id] = /^0x([0-9a-f]{8})$/i.exec(disk ?? '') ?? [];
  return id === undefined ? undefined : `${id.toLowerCase()}-${number.toString(16).padStart(2, '0')}`;
}

/** The size of a GPT as every tool makes it. Each partition is looked at. */
const mostPartitions = 128;

function parse(disk: string, json: string): SfdiskTable {
  try {
    return JSON.parse(json) as SfdiskTable;
  } catch (error) {
    throw new Failure(`sfdisk can't print the partition table of the disk ${disk}: ${(error as Error).message}`, {
      hint: 'A partition may have a name that is not text.',
      cause: error,
    });
  }
}
