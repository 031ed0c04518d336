import { expect } from 'chai';
import { GiB, partitions, planned, problems } from '../../test/support/layout.js';

function gpt(sizes: readonly string[], disk = ''): string {
  const list = sizes.map((size, at) => `      - {name: p${at + 1}, size: ${size}}`).join('\n');
  return `- local_loop: {name: image0${disk}}\n- partitioning:\n    base: image0\n    label: gpt\n    partitions:\n${list}\n`;
}

describe('the partitions of a GPT', () => {
  it('are whole MiB, where sgdisk puts them', () => {
    expect(partitions(planned(gpt(['8MiB', '8MiB', '100%']), GiB))).to.deep.equal([
      '1 p1 2048+16384',
      '2 p2 18432+16384',
      '3 p3 34816+2060288',
    ]);
    expect(partitions(planned(gpt(['40G', '50%', '50%']), 42 * GiB))).to.deep.equal([
      '1 p1 2048+78123008',
      '2 p2 78125056+4974592',
      '3 p3 83099648+2486272',
    ]);
  });

  it('count in the sectors of the disk', () => {
    expect(partitions(planned(gpt(['8MiB', '100%'], ', block_size: 4096'), GiB))).to.deep.equal([
      '1 p1 256+2048',
      '2 p2 2304+259584',
    ]);
  });

  it('fit on the disk, and have a MiB at least', () => {
    const errors = problems(gpt(['1GiB', '1000000', '10%']), GiB).slice(0, 2);
    expect(errors).to.deep.equal([
      "6: partition 'p1': size: 1 GiB do not fit in what is left, 1022 MiB of the disk of 1 GiB",
      "7: partition 'p2': size: 976.56 KiB do not fit in what is left, 0 B of the disk of 1 GiB",
    ]);
    expect(problems(gpt(['1M']), GiB)[0]).to.equal(
      "6: partition 'p1': size: 976.56 KiB are less than 1 MiB; partitions of a GPT are made in whole MiB",
    );
  });

  it('have types as sgdisk abbreviates them, or GUIDs', () => {
    const types = ["'EF00'", 'ef02', '8300', '0x4100', '8e00', '0700', '4f68bce3-e8cd-4db1-96e7-fbcaf984b709'];
    const text = gpt(types.map(() => '1MiB')).replace(/size: 1MiB/g, () => `size: 1MiB, type: ${types.shift()}`);
    expect(planned(text).disks[0]?.partitions.map(({ type }) => type)).to.deep.equal([
      'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
      '21686148-6449-6E6F-744E-656564454649',
      '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
      '9E1A2D38-C612-4316-AA26-8B49521E5A8B',
      'E6D6D379-F507-44C2-A23C-238F2A3DF928',
      'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7',
      '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
    ]);
    expect(problems(gpt(['1MiB, type: 82']))[0]).to.match(
      /^6: partition 'p1': type '82': expected a type .*\(did you mean '8200'\?\)$/,
    );
  });
});
