import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { execa } from 'execa';
import { systemOnDisk, systemTree } from '../support/bundled-system.js';
import { program } from '../support/demo-image.js';
import { program as run } from '../support/disk.js';
import { withStandIn } from '../support/host.js';
import { rootOnly } from '../support/layer-store.js';
import { normalUser } from '../support/normal-user.js';

describe('image-factory bundle', () => {
  let scratch: string;
  let tree: string;
  let disk: string;
  before(() => {
    scratch = mkdtempSync(join(tmpdir(), 'image-factory-bundle-'));
    tree = systemTree(join(scratch, 'tree'));
    disk = systemOnDisk(join(scratch, 'web-2024-05-17.raw'), tree, 'gpt');
    writeFileSync(
      join(scratch, 'my.conf'),
      [
        '[DEFAULT]\nformat = raw\n',
        `[web]\nlike = debian-13\noutput-dir = ${scratch}\nbundles = vdi\n`,
        '[bundle small]\nformat = qcow2\noptions = cluster_size=2M\n[bundle small2]\nlike = small\n',
      ].join(''),
    );
  });
  after(() => rmSync(scratch, { recursive: true, force: true }));

  const bundle = (...words: string[]) =>
    execa(program, ['bundle', ...words, '--config', join(scratch, 'my.conf')], {
      reject: false,
      env: { IMAGE_FACTORY_STORE_DIR: join(scratch, 'store') },
    });
  const names = () => readdirSync(scratch).filter((name) => name.startsWith('web-') || name.startsWith('.web'));

  it('makes bundles of the newest image of a section, beside it, and lists them', async () => {
    const { exitCode, stdout, stderr } = await bundle('web', 'small', 'azure');
    expect(exitCode, stderr).to.equal(0);
    expect(stdout).to.equal('small: web-2024-05-17.small.qcow2 (compared)\nazure: web-2024-05-17.vhd (compared)');
    await execa('sha256sum', ['--check', 'web-2024-05-17.vhd.sha256sum'], { cwd: scratch });
    // What describes the image is not of its bundles.
    writeFileSync(
      join(scratch, 'web-2024-05-17.manifest.json'),
      '{"schemaVersion": 1, "file": {"name": "web-2024-05-17.raw"}}',
    );
    for (const made of ['web-2024-05-17.vhd', 'web-2024-05-17.small.qcow2']) {
      const verified = await execa(program, ['verify', join(scratch, made)]);
      expect(verified.stdout).to.match(
        /unchecked +web-2024-05-17\.manifest\.json: is of web-2024-05-17\.raw, of which this is a bundle/,
      );
    }
    rmSync(join(scratch, 'web-2024-05-17.manifest.json'));
    const list = JSON.parse(readFileSync(join(scratch, 'web-2024-05-17.bundles.json'), 'utf8')) as {
      source: object;
      bundles: { target: string }[];
    };
    expect(list.source).to.deep.equal({ name: 'web-2024-05-17.raw' });
    expect(list.bundles.map(({ target }) => target)).to.deep.equal(['small', 'azure']);
    expect(names().filter((name) => name.startsWith('.'))).to.deep.equal([]);
  });

  it('replaces nothing unless it is told to', async () => {
    const again = await bundle('web', 'azure');
    expect(again.exitCode).to.equal(2);
    expect(again.stderr).to.include(`${scratch}/web-2024-05-17.vhd: it is there already; --force replaces it`);
    expect((await bundle('web', 'azure', '--force')).exitCode).to.equal(0);
  });

  it('replaces no file beside a bundle, and none that is named after the system', async function () {
    rootOnly(this);
    const [sidecar, template] = ['web-2024-05-17.vmx', 'debian-13-x86_64-web-2024-05-17.tar.gz'];
    for (const name of [sidecar, template]) writeFileSync(join(scratch, name), 'mine\n');
    const before = readdirSync(scratch).sort();
    for (const [words, there] of [
      [['vmdk'], sidecar],
      [['openvz'], template],
      [['small2', 'openvz'], template],
    ] as const) {
      const { exitCode, stderr } = await bundle('web', ...words);
      expect(exitCode, stderr).to.equal(2);
      expect(stderr).to.include(`${scratch}/${there}: it is there already; --force replaces it`);
      expect(readFileSync(join(scratch, there), 'utf8')).to.equal('mine\n');
      expect(
        readdirSync(scratch)
          .filter((name) => name !== 'store')
          .sort(),
      ).to.deep.equal(before.filter((name) => name !== 'store'));
    }
    const { exitCode, stdout, stderr } = await bundle('web', 'vmdk', 'openvz', '--force');
    expect(exitCode, stderr).to.equal(0);
    expect(stdout).to.include(sidecar).and.to.include(template);
    for (const name of [sidecar, template]) {
      await execa('sha256sum', ['--check', `${name}.sha256sum`], { cwd: scratch });
      for (const each of [name, `${name}.sha256sum`]) rmSync(join(scratch, each));
    }
  });

  it('ends with 2, and makes nothing, for what is not there', async () => {
    const plainFile = join(scratch, 'file');
    writeFileSync(plainFile, '');
    const before = names();
    for (const [words, said] of [
      [
        ['web', 'azur', 'gcee'],
        /no target 'azur' \(did you mean 'azure'\?\).*no target 'gcee' \(did you mean 'gce'\?\)/s,
      ],
      [['wib', 'vdi'], /wib: there is no such file, image or layer \(did you mean 'web'\?\)/],
      [['web'], /for which targets\?/],
      [[], /expected an image, a file or a layer, and targets/],
      [[`${scratch}/none.raw`, 'vdi'], /none\.raw: there is no such file/],
      [['debian-13', 'vdi', '--output-dir', `${scratch}/tree`], /debian-13: no such image was built/],
      [['debian-13', 'vdi', '--output-dir', plainFile], /debian-13: no such image was built/],
      [[join(scratch, 'web-2024-05-17.raw'), 'vdi', '--output-dir', plainFile], /file: this is no directory/],
      [['web', 'xen-pv', 'digitalocean', 'hyperv'], undefined],
    ] as const) {
      const { exitCode, stderr } = await bundle(...words);
      if (said === undefined) {
        // The demands are met; the kernel is not one for this kind of guest.
        expect(exitCode).to.equal(1);
        expect(stderr).to.match(/bundle xen-pv: the kernel 6\.12\.0-1 can't start/);
      } else {
        expect(exitCode, stderr).to.equal(2);
        expect(stderr).to.match(said);
      }
    }
    expect(names()).to.deep.equal(before);
  });

  it('lists the targets, those of the user first', async () => {
    const { stdout } = await bundle('--list');
    expect(stdout.split('\n')[1]).to.match(/^small +qcow2 /);
    expect(stdout).to.match(/^azure +vhd, fixed +Microsoft Azure$/m);
  });

  describe('of files', () => {
    before(function () {
      rootOnly(this);
    });

    it('takes them from a disk, and leaves nothing in the store', async () => {
      const { exitCode, stdout, stderr } = await bundle(disk, 'oci', 'wsl', '--json');
      expect(exitCode, stderr).to.equal(0);
      const { bundles } = JSON.parse(stdout) as { bundles: { files: { name: string }[]; omitted: string[] }[] };
      expect(bundles.map(({ files }) => files[0]?.name)).to.deep.equal([
        'web-2024-05-17.oci.tar',
        'web-2024-05-17.wsl',
      ]);
      expect(bundles[0]?.omitted).to.include('usr/lib/modules/');
      expect(run('skopeo', ['inspect', `oci-archive:${join(scratch, 'web-2024-05-17.oci.tar')}`])).to.include('amd64');
      expect(readdirSync(join(scratch, 'store/staging'))).to.deep.equal([]);
    });

    it('takes them with their owners also as an ordinary user, and leaves nothing', async () => {
      const user = await normalUser();
      try {
        const theirs = join(user.home, 'images');
        const [file = 'env', ...words] = user.command;
        const as = (...called: string[]) => execa(file, [...words, ...called], { cwd: user.home });
        await as('mkdir', theirs);
        run('install', ['--mode=644', disk, theirs]);
        await as(user.program, 'bundle', join(theirs, 'web-2024-05-17.raw'), 'tar-zst', 'oci', 'vdi');
        const { stdout } = await as('skopeo', 'inspect', `oci-archive:${theirs}/web-2024-05-17.oci.tar`);
        expect(stdout).to.include('amd64');
        expect(readdirSync(theirs).sort()).to.deep.equal(
          [
            'bundles.json',
            'oci.tar',
            'oci.tar.sha256sum',
            'raw',
            'tar.zst',
            'tar.zst.sha256sum',
            'vdi',
            'vdi.sha256sum',
          ].map((end) => `web-2024-05-17.${end}`),
        );
        const archive = join(theirs, 'web-2024-05-17.tar.zst');
        const listed = run('tar', ['--list', '--verbose', '--numeric-owner', '--file', archive]);
        expect(listed).to.match(/^-rw-r--r-- 33\/34 .* (?:\.\/)?usr\/share\/doc\/readme$/m);
        expect(readdirSync(join(user.home, '.local/share/image-factory/staging'))).to.deep.equal([]);
      } finally {
        await user.remove();
      }
    });

    it('gives back what it took when it is told to end', async () => {
      const directory = join(scratch, 'stand-ins');
      const called = join(directory, 'called');
      mkdirSync(directory);
      // Nothing is done before it is told.
      const script = `#!/bin/sh\n: >'${called}'\nexec sleep 600\n`;
      const exitCode = await withStandIn({ directory, name: 'xz', script }, async () => {
        const ending = bundle(disk, 'lxc', 'tar-xz', 'incus', 'docker', 'squashfs');
        const limit = Date.now() + 300_000;
        while (!existsSync(called) && Date.now() < limit) await sleep(20);
        ending.kill('SIGTERM');
        return (await ending).exitCode;
      });
      expect(exitCode).to.equal(130);
      expect(names().filter((name) => name.startsWith('.'))).to.deep.equal([]);
      const staging = join(scratch, 'store/staging');
      expect(existsSync(staging) ? readdirSync(staging) : []).to.deep.equal([]);
    });

    it('makes a disk of a layer by a layout', async () => {
      const output = join(scratch, 'of layer');
      mkdirSync(output);
      const layers = (...words: string[]) =>
        execa(program, ['layer', ...words], { env: { IMAGE_FACTORY_STORE_DIR: join(scratch, 'store') } });
      // Without a kernel, which would need a boot loader.
      const files = join(scratch, 'files');
      run('cp', ['--archive', tree, files]);
      rmSync(join(files, 'boot'), { recursive: true });
      await layers('import', 'base', files);
      const missing = await bundle('base', 'vmdk', '--output-dir', output);
      expect([missing.exitCode, missing.stderr]).to.deep.equal([
        2,
        'image-factory: base: files become a disk by a layout: add --layout NAME, such as --layout hybrid, and --size SIZE',
      ]);
      writeFileSync(
        join(scratch, 'small.yaml'),
        [
          '- local_loop:\n    name: image0\n',
          '- partitioning:\n    base: image0\n    label: gpt\n    partitions:\n',
          '      - name: root\n        type: 8300\n        size: 100%\n',
          '        mkfs:\n          type: ext4\n          mount:\n            mount_point: /\n',
        ].join(''),
      );
      const words = ['--layout', join(scratch, 'small.yaml'), '--size', '64M', '--output-dir', output];
      words.push('--boot-loader', 'none');
      const { exitCode, stderr } = await bundle('base', 'vmdk', 'tar-zst', ...words);
      expect(exitCode, stderr).to.equal(0);
      const [vmdk = ''] = readdirSync(output).filter((name) => name.endsWith('.vmdk'));
      run('qemu-img', ['check', '-q', '-f', 'vmdk', join(output, vmdk)]);
      expect(existsSync(join(output, vmdk.replace(/vmdk$/, 'tar.zst')))).to.equal(true);
    });
  });
});
