import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Configuration } from '../config/configuration.js';
import { resolveImage } from '../config/resolve.js';
import { UsageError } from '../host/failure.js';
import { testHost } from '../../test/support/host.js';
import { layoutCheck } from './layout-check.js';
import { checkImageLayout, imageLayout } from '../layout/image-layout.js';

describe("the layout of an image's disk", () => {
  let directory: string;
  before(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'layout-check-')));
    mkdirSync(join(directory, 'layouts'));
  });
  after(() => rmSync(directory, { recursive: true }));

  /** An image of a configuration file in the directory, whose lines begin at line 5. */
  function image(lines: string, layout = '') {
    writeFileSync(join(directory, 'layouts/own.yaml'), layout);
    const text = `[web]\nlinux = /srv/linux\ninitrd = /srv/initrd\npreseed = web.cfg\n${lines}\n`;
    const configuration = new Configuration([{ name: join(directory, 'my.conf'), text }], []);
    return resolveImage(configuration, 'web', {}, '2026-11-26');
  }

  async function problems(lines: string, layout?: string): Promise<string[]> {
    const { errors, warnings } = (await checkImageLayout(image(lines, layout)))!;
    return [...errors, ...warnings.map((text) => `warning: ${text}`)].map((text) => text.replaceAll(directory, 'DIR'));
  }

  const good = '- local_loop: {name: image0, mkfs: {type: ext4, mount: {mount_point: /}}}\n';

  it('is a shipped one, or a file beside the configuration file', async () => {
    expect((await imageLayout(image('layout = hybrid')))?.disks[0]).to.include({ size: 2 * 2 ** 30, label: 'gpt' });
    expect((await imageLayout(image('layout = layouts/own.yaml\nimage-size = 3G', good)))?.disks).to.deep.equal([
      { name: 'image0', size: 3 * 2 ** 30, sectorSize: 512, label: null, partitions: [] },
    ]);
    expect(await imageLayout(image(''))).to.equal(undefined);
  });

  it('is checked on a disk of the size that the section says, with the lines of the file', async () => {
    const layout = `${good}- mkfs: {base: nowhere, type: xfs, labl: x}\n- local_loop: {name: image1}\n`;
    expect(await problems('layout = layouts/own.yaml', layout)).to.deep.equal([
      "DIR/layouts/own.yaml:2: [web] layout: mkfs 'mkfs_nowhere': base: there is no 'nowhere'; expected a disk, partition or logical volume: image0, image1",
      "DIR/layouts/own.yaml:3: [web] layout: local_loop 'image1': an image has one disk, and 'image0' is one",
      "warning: DIR/layouts/own.yaml:2: [web] layout: mkfs 'mkfs_nowhere': unknown key 'labl' has no effect (did you mean 'label'?); known are name, base, type, label, opts, uuid, grow, subvolumes",
    ]);
    const small = await problems('layout = hybrid\nimage-size = 256M');
    expect(small.join('\n')).to.match(
      /hybrid\.yaml:\d+: \[web\] layout: partition 'ESP': size: 256 MiB do not fit in what is left, 253 MiB/,
    );
  });

  it('has no thin volumes, which nothing could clean', async () => {
    const thin = `- local_loop: {name: image0}
- partitioning: {base: image0, label: mbr, partitions: [{name: pv, size: 100%}]}
- lvm:
    name: lvm
    pvs: [{name: p, base: pv}]
    vgs: [{name: vg, base: [p]}]
    lvs:
      - {name: pool, base: vg, size: 1500MiB, type: thin-pool}
      - {name: root, base: vg, size: 1GiB, type: thin, thin-pool: pool}
- mkfs: {base: root, type: ext4, mount: {mount_point: /}}
`;
    expect(await problems('layout = layouts/own.yaml', thin)).to.deep.equal([
      "DIR/layouts/own.yaml:8: [web] layout: logical volume 'pool': type: an image with a thin pool can't be cleaned; leave 'type' out",
      "DIR/layouts/own.yaml:9: [web] layout: logical volume 'root': type: an image with a thin volume can't be cleaned; leave 'type' out",
    ]);
  });

  it('has a root file system, and the size of the disk', async () => {
    const text = '- local_loop: {name: image0, size: 5G, mkfs: {type: ext4}}\n';
    expect(await problems('layout = layouts/own.yaml', text)).to.deep.equal([
      "DIR/layouts/own.yaml:1: [web] layout: no file system is mounted on '/': no system can be on this layout",
      "DIR/layouts/own.yaml:1: [web] layout: local_loop 'image0': size: it is 4.65 GiB, but the image's disk has 2 GiB; leave 'size' out, or set 'image-size = 5000000000'",
    ]);
    expect(await problems('layout = layouts/own.yaml\nimage-size = 5000000000', good.replace('name', 'size: 5G, name')))
      .to.be.empty;
  });

  it('is there', async () => {
    expect(() => image('layout = hybird')).to.throw(
      UsageError,
      "my.conf:5: [web]: layout = hybird: expected one of the shipped layouts bios, hybrid, lvm, server, uefi, or a YAML file such as './my.yaml' (did you mean 'hybrid'?)",
    );
    let told = '';
    await imageLayout(image('layout = none.yaml')).catch((error: Error) => (told = error.message));
    expect(told.replaceAll(directory, 'DIR')).to.equal(
      "DIR/my.conf:5: [web] layout = none.yaml: can't read DIR/none.yaml: no such file or directory",
    );
  });

  it('is used by the answer file, unless it comes with a shipped image that has another answer file now', async () => {
    const answerFile = { name: 'web.cfg', content: Buffer.from(''), mentioned: new Set<string>() };
    async function found(lines: string, mentioned: readonly string[] = []): Promise<string[]> {
      const text = `[web]\nlike = debian-13\npreseed = web.cfg\n${lines}\n`;
      const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
      const spec = resolveImage(configuration, 'web', {}, '2026-11-26');
      const subject = {
        host: testHost(),
        configuration,
        spec,
        answerFile: { ...answerFile, mentioned: new Set(mentioned) },
      };
      return (await layoutCheck(subject)).map(({ weight, message }) => `${weight}: ${message}`);
    }
    expect(await found('layout = lvm')).to.deep.equal([
      'warning: my.conf:4: [web] layout = lvm: web.cfg does not use it: call {{{layout-storage layout}}} in a template',
    ]);
    expect(await found('layout = lvm', ['layout'])).to.deep.equal([]);
    expect(await found('image-size = 64M')).to.deep.equal([]);
    expect((await found('image-size = 64M', ['layout'])).length).to.be.greaterThan(0);
  });
});
