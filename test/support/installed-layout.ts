import { expect } from 'chai';
import { execa } from 'execa';
import type { Layout } from '../../src/layout/layout.js';

/** Two MiB: where an installer ends the last partition, and layouts leave room for alignment. */
const tolerance = 4096;

/** Compares the partition table of a raw disk with a layout: numbers, types, names and sizes. */
export async function expectPartitions(disk: string, { disks }: Layout): Promise<void> {
  const { stdout } = await execa('sfdisk', ['--json', disk]);
  const { partitiontable } = JSON.parse(stdout) as {
    partitiontable: { label: string; partitions: { start: number; size: number; type: string; name?: string }[] };
  };
  const wanted = disks[0]?.partitions ?? [];
  const { partitions } = partitiontable;
  expect(partitiontable.label).to.equal(disks[0]?.label === 'gpt' ? 'gpt' : 'dos');
  expect(partitions.map(({ start, type, name }) => [start, type, name])).to.deep.equal(
    wanted.map(({ start, type, name }) => [start, type, name]),
  );
  for (const [index, { size, takesRest }] of wanted.entries()) {
    expect(partitions[index]?.size).to.be.within(
      size - (takesRest ? tolerance : 0),
      size + (takesRest ? tolerance : 0),
    );
  }
}

/** Compares what `findmnt` and `lsblk` say in a guest with a layout: what is mounted, from what label, and sizes. */
export async function expectMounts(run: (command: string) => Promise<string>, layout: Layout): Promise<void> {
  const mounted = await run('findmnt --real --raw --noheadings --output TARGET,FSTYPE,LABEL');
  const wanted = layout.fileSystems.filter(({ mount }) => mount !== undefined);
  expect(mounted.trim().split('\n').sort()).to.deep.equal(
    wanted.map(({ mount, type, label }) => `${mount} ${type} ${label}`).sort(),
  );
  const swaps = layout.fileSystems.filter(({ type }) => type === 'swap').map(({ label }) => label);
  expect((await run('swapon --noheadings --show=LABEL')).split('\n').filter(Boolean)).to.deep.equal(swaps);
  const volumes = layout.volumeGroups.flatMap((group) => group.volumes.map((volume) => ({ group, volume })));
  const said = await run("lsblk --raw --noheadings --bytes --output NAME,TYPE,SIZE | grep ' lvm ' || true");
  const sizes = new Map(said.split('\n').map((line) => [line.split(' ')[0], Number(line.split(' ')[2])] as const));
  expect([...sizes.keys()].filter(Boolean)).to.have.length(volumes.length);
  for (const { group, volume } of volumes) {
    const name = [group.name, volume.name].map((part) => part.replaceAll('-', '--')).join('-');
    // The last one gets what is left, which is an extent more or less.
    const last = volume === group.volumes.at(-1) ? group.extentSize : 0;
    expect(sizes.get(name), name).to.be.within(volume.size - last, volume.size + last);
  }
}
