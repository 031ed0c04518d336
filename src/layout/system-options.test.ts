import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Configuration } from '../config/configuration.js';
import { resolveImage } from '../config/resolve.js';
import { checkImageLayout } from './image-layout.js';

describe('a layout and the options of the installed system', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'system-options-'));
    writeFileSync(
      join(directory, 'own.yaml'),
      '- local_loop: {name: image0}\n- partitioning: {base: image0, label: gpt, partitions: [{name: root, size: 100%, mkfs: {type: xfs, label: top, mount: {mount_point: /}}}]}\n',
    );
  });
  after(() => rmSync(directory, { recursive: true }));

  /** The layout of a section like a shipped image. */
  async function layoutOf(lines: string) {
    const text = `[web]\nlike = debian-13\nimage-size = 10G\n${lines}\n`;
    const configuration = new Configuration(
      [{ name: join(directory, 'my.conf'), text }],
      Configuration.shippedSources(),
    );
    const { layout, errors } = (await checkImageLayout(resolveImage(configuration, 'web', {}, '2026-11-26')))!;
    const problems = errors.map((error) => error.replaceAll(`${directory}/`, ''));
    const fileSystems = layout.fileSystems.map(({ on, type, label }) => `${on} ${type} ${label}`);
    return { problems, fileSystems, partitions: layout.disks[0]?.partitions.map(({ name }) => name), layout };
  }

  it('belong together where the layout is a shipped one', async () => {
    const plain = await layoutOf('');
    expect(plain.fileSystems).to.deep.equal(['root ext4 cloudimg-rootfs', 'ESP vfat ESP']);
    const changed = await layoutOf('root-filesystem = xfs\nswap-size = 1G');
    expect(changed.problems).to.deep.equal([]);
    expect(changed.fileSystems).to.deep.equal(['root xfs img-rootfs', 'ESP vfat ESP', 'swap swap swap']);
    expect(changed.partitions).to.deep.equal(['BSP', 'ESP', 'swap', 'root']);
    const [, , swap, root] = changed.layout.disks[0]?.partitions ?? [];
    expect(swap?.size).to.equal(2 ** 30 / 512);
    expect(root?.takesRest).to.be.true;
    expect(changed.layout.fstab.at(-1)).to.deep.include({ device: 'LABEL=swap', mount: 'none' });
    expect((await layoutOf('layout = bios\nswap-size = 1G')).partitions).to.deep.equal(['swap', 'root']);
  });

  it('contradict each other where the layout is your own, or has its swap space on a volume', async () => {
    expect((await layoutOf('layout = own.yaml\nswap-size = 0')).problems).to.deep.equal([]);
    const { problems } = await layoutOf('layout = own.yaml\nroot-filesystem = ext4\nswap-size = 1G');
    expect(problems.map((problem) => problem.replace(/the layout \S*own\.yaml/, 'the layout own.yaml'))).to.deep.equal([
      'my.conf:5: [web] root-filesystem = ext4: the layout own.yaml says it: remove root-filesystem, or write it in the layout',
      'my.conf:6: [web] swap-size = 1G: the layout own.yaml says it: remove swap-size, or write it in the layout',
    ]);
    expect((await layoutOf('layout = server\nswap-size = 1G')).problems[0]).to.equal(
      'my.conf:5: [web] swap-size = 1G: this layout has volume groups: write a layout of your own, with a volume for swap space',
    );
  });
});
