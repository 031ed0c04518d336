import type { Disk, Partition } from '../../layout/layout.js';
import type { Identifiers } from './identifiers.js';

/** The partition table of a disk, in the language of sfdisk(8). */
export function partitionScript(disk: Disk, identifiers: Identifiers): string {
  const header =
    disk.label === 'gpt'
      ? ['label: gpt', `label-id: ${identifiers.uuid(`disk ${disk.name}`)}`]
      : ['label: dos', `label-id: 0x${identifiers.short(`disk ${disk.name}`)}`];
  const lines = disk.partitions.map((partition) =>
    disk.label === 'gpt'
      ? gptLine(partition, identifiers.uuid(`partition ${disk.name} ${partition.number}`))
      : mbrLine(partition),
  );
  return [...header, 'unit: sectors', '', ...lines, ''].join('\n');
}

function gptLine(partition: Partition, uuid: string): string {
  return `${place(partition)}, type=${partition.type}, uuid=${uuid}, name="${quoted(partition.name)}"`;
}

function mbrLine(partition: Partition): string {
  const bootable = partition.flags.includes('boot') ? ', bootable' : '';
  return `${place(partition)}, type=${partition.type.replace(/^0x/i, '')}${bootable}`;
}

function place({ number, start, size }: Partition): string {
  return `${number} : start=${start}, size=${size}`;
}

/** sfdisk reads `\xHH` as the byte of that value. */
function quoted(name: string): string {
  return name.replace(/["\\\p{Cc}]/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
