import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { enteringWords } from '../../src/sandbox/enter.js';
import { unpackedBuilderOrSkip, type UnpackedBuilder } from '../support/diskimage-builder.js';
import { elementDirectory } from '../support/elements.js';

/** The framework's elements that the parent depends on: without packages there is nothing for them to do. */
const framework = { 'dpkg/README.rst': '', 'pkg-map/README.rst': '', 'dib-init-system/README.rst': '' };

const hook = (...lines: string[]) => ['#!/bin/bash', 'set -eu', ...lines, ''].join('\n');

/** Leaves a line in the tree, from wherever it runs. */
const trace = (phase: string) =>
  hook(`echo "${phase} $(basename "$0") $WEB_MODE" >>"\${TARGET_ROOT:-\${IN_TREE-$TMP_MOUNT_PATH}}/etc/trace"`);

describe('phases of elements', function () {
  this.timeout(300_000);
  let builder: UnpackedBuilder | undefined;
  const removals: (() => void)[] = [];
  before(async function () {
    builder = await unpackedBuilderOrSkip(this);
  });
  after(() => builder?.remove());
  afterEach(() => removals.splice(0).forEach((remove) => remove()));

  async function applied(files: Readonly<Record<string, string>>, environment: Record<string, string> = {}) {
    const { directory, remove } = elementDirectory({ ...framework, ...files });
    const work = mkdtempSync(join(tmpdir(), 'phases-'));
    removals.push(remove, () => rmSync(work, { recursive: true, force: true }));
    const tree = join(work, 'tree');
    mkdirSync(tree);
    const request = {
      ...{ tree, elements: ['web'], elementPath: [directory, builder!.elements] },
      environment: { DIB_OFFLINE: '1', ...environment },
    };
    const script = join(import.meta.dirname, '../support/apply-elements.ts');
    const [file, ...words] = enteringWords();
    const { stdout } = await execa(file, [...words, process.execPath, '--import', 'tsx', script], {
      input: JSON.stringify(request),
    });
    const [said = '', outcome = ''] = stdout.split(/(?:^|\n)OUTCOME /);
    const read = (path: string) => readFileSync(join(tree, path), 'utf8');
    return { tree, said, outcome: outcome.replaceAll(`${directory}/`, ''), read };
  }

  it('run in their order, on the host and in the tree, with the environment sourced each time', async () => {
    const onHost = ['root.d', 'extra-data.d', 'post-root.d', 'block-device.d', 'pre-finalise.d', 'cleanup.d'];
    const inTree = ['pre-install.d', 'install.d', 'post-install.d', 'finalise.d'];
    const phases = [...onHost, ...inTree].map((phase) => [`web/${phase}/50-${phase.slice(0, -2)}`, trace(phase)]);
    const { read, outcome } = await applied({
      ...(Object.fromEntries(phases) as Record<string, string>),
      'web/install.d/5-first': trace('install.d'),
      'web/install.d/60-never.sh': hook('exit 1'),
      'web/environment.d/10-web':
        'export WEB_MODE=$(if [ -d /tmp/in_target.d ]; then echo tree; else echo host; fi)\n[ -e "$TMP_MOUNT_PATH" ] || export IN_TREE=\n',
    });
    expect(outcome).to.equal('done');
    expect(read('etc/trace').trim().split('\n')).to.deep.equal([
      'root.d 50-root host',
      'extra-data.d 50-extra-data host',
      'pre-install.d 50-pre-install tree',
      'install.d 5-first tree',
      'install.d 50-install tree',
      'post-install.d 50-post-install tree',
      'post-root.d 50-post-root host',
      'block-device.d 50-block-device host',
      'pre-finalise.d 50-pre-finalise host',
      'finalise.d 50-finalise tree',
      'cleanup.d 50-cleanup host',
    ]);
  });

  it('give hooks what they rely on, and leave nothing of it behind', async () => {
    const { tree, said, read, outcome } = await applied({
      'web/extra-data.d/10-sudo': hook(
        'sudo -E mkdir -p "$TMP_MOUNT_PATH/srv/web"',
        'sudo WEB=1 sh -c \'echo "sudo $WEB"\'',
        'sudo mount -t tmpfs web "$TMP_MOUNT_PATH/srv/web"',
        'eval declare -A elements=($(get_image_element_array))',
        'echo "web is in ${elements[web]##*/}"',
        'echo "$(type -t die), $IMAGE_NAME, $DIB_MOUNTPOINTS"',
        'python3 -c "import diskimage_builder"',
      ),
      'web/install.d/10-look': hook(
        'echo "devices $(ls /dev | tr "\\n" " ")"',
        'echo "processes $(ls -d /proc/[0-9]* | wc -l)"',
        'touch /tmp/left /root/left.log',
        '! touch /tmp/in_target.d/x 2>/dev/null',
        'type -p sudo >/dev/null',
        'sleep 1000 & disown',
        'grep -v 192.0.2.1 /etc/resolv.conf || true',
      ),
      'web/finalise.d/10-device': hook('echo "device $IMAGE_BLOCK_DEVICE"', 'test -f /tmp/grub/install'),
    });
    expect(outcome).to.equal('done');
    expect(said)
      .to.match(/^sudo 1$/m)
      .and.match(/^web is in web$/m)
      .and.match(/^function, web, \/\|\/var$/m);
    expect(said).to.match(/^devices fd full null ptmx pts random shm stderr stdin stdout tty urandom zero $/m);
    expect(Number(/^processes (\d+)$/m.exec(said)?.[1])).to.be.below(15);
    expect(said).to.match(/^device \/dev\/null$/m);
    expect(read('etc/resolv.conf')).to.equal('nameserver 192.0.2.1\n');
    expect(statSync(join(tree, 'var/log/dpkg.log')).size).to.equal(0);
    expect(readdirSync(join(tree, 'tmp'))).to.deep.equal([]);
    expect(readdirSync(join(tree, 'root'))).to.deep.equal([]);
    expect(readdirSync(join(tree, 'dev'))).to.deep.equal([]);
  });

  it('end at the first hook that fails, which is named with what it said', async () => {
    const { outcome } = await applied({
      'web/install.d/20-break': hook('echo "no space for web"', 'exit 7'),
      'web/post-install.d/10-x': hook('touch /etc/later'),
    });
    expect(outcome).to.equal(
      "install.d/20-break of element 'web' failed with exit code 7:\n  | no space for web\nHINT It is web/install.d/20-break.",
    );
  });

  it('do not begin with elements that are broken', async () => {
    const { outcome, said } = await applied({
      'web/element-deps': 'tls\n',
      'web/install.d/10-x': hook('true'),
      'tls/install.d/10-x': hook('true'),
    });
    expect(outcome).to.match(/^tls\/install.d\/10-x: duplicated hook: element 'web' has/);
    expect(said).not.to.contain('Running');
  });
});
