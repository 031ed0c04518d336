import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { baseNameIn } from '../support/demo-image.js';
import { BothPrograms, twoAtATime, type Both, type Outcome } from './both-programs.js';
import { anonymous, callsOf, diskSize, publishing } from './recorded-commands.js';
import { expectDocumented, expectSameInstallation } from './differences.js';

/** What the section says, what comes behind it, and what the command line says. */
type Described = [changes: Readonly<Record<string, string | undefined>>, others?: string, flags?: readonly string[]];

/** Options that the package's own images don't use. */
const sections: Readonly<Record<string, Described>> = {
  'a raw image': [{ format: 'raw' }],
  'a qcow2 image beside the raw disk': [{ 'keep-raw': 'yes' }],
  'a medium instead of kernel and initrd': [
    { installer_image: '${mirror}/netinst.iso', linux: undefined, initrd: undefined },
  ],
  'a medium beside kernel and initrd': [{ installer_image: '${mirror}/netinst.iso' }],
  'a kernel that is a file': [{ linux: '${kernel_file}' }],
  'a kernel by rsync': [{ linux: 'rsync://mirror.example.org/debian/linux' }],
  'Kickstart without further kernel arguments': [
    { preseed: undefined, kickstart: '${data_dir}/CentOS-8-server.cfg', append: '' },
  ],
  'AutoYaST with kernel arguments': [
    {
      preseed: undefined,
      yast: '${data_dir}/openSUSE-13.2-server.xml',
      append: 'textmode=1  install=http://x/y?a=b,c',
    },
  ],
  'kernel arguments with quotes and signs': [{ append: `a="b c" d='e' f=$$g %h; # i \\ j` }],
  'kernel arguments on several lines': [{ append: 'auto=true\n  priority=critical\n\n  quiet' }],
  'a MAC address': [{ mac: '52:54:00:AB:cd:ef' }],
  'VNC on all addresses': [{ vnc: '0.0.0.0:0' }],
  'VNC where libvirt wants it': [{ vnc: ':59' }],
  'four processors': [{ cores: '4' }],
  'memory in MiB': [{ ram: '1536 MiB' }],
  'memory in MB': [{ ram: '2000 MB' }],
  'memory in kB': [{ ram: '1000000kB' }],
  'memory in GiB': [{ ram: '2GiB' }],
  'a disk in bytes': [{ 'image-size': '67108864' }],
  'a disk of a fraction of a GiB': [{ 'image-size': '0.0625G' }],

  'a post-build command': [{ 'post-build-command': 'hook' }],
  'two destinations with their commands': [
    { upload_destinations: 'one,two', 'post-build-command': 'hook' },
    `[one]
upload_type = rsync
upload_target = one:/srv/
post-upload-command = ssh one ls -l /srv/\${image} \${image}.sha256sum
[two]
upload_type = RSYNC
upload_args = --progress   -e ssh --bwlimit=1000
upload_target = rsync://two/srv
post-upload-command1 = hook first \${image}
post-upload-command2 = hook   second  \${upload_target}
post-upload-command4 = hook never`,
  ],
  'destinations with blanks and nothing between commas': [
    { upload_destinations: ' , one ,, ' },
    '[one]\nupload_type = rsync\nupload_target = one:\nimage = not this',
  ],
  'no destination': [{ upload_destinations: '' }],
  'the same destination twice': [
    { upload_destinations: 'one, one' },
    '[one]\nupload_type = rsync\nupload_target = one:/srv\npost-upload-command = hook ${image}',
  ],
  'a destination that refers to what the command line says': [
    { upload_destinations: 'one', format: 'qcow2' },
    `[one]
upload_type = rsync
upload_args = --bwlimit=\${image:image-size}
upload_target = one:/\${image:format}/
post-upload-command = hook \${image:format} \${image:cache_dir}`,
    ['-f', 'raw', '--image-size', '80M', '-c', '~/there'],
  ],
  'a destination with an image of its own, before its commands': [
    { upload_destinations: 'one' },
    `[one]
image = golden
upload_type = rsync
upload_args = --exclude=\${image}
upload_target = one:/\${image}/
post-upload-command = hook \${image} \${upload_target}
post-upload-command1 = hook \${image}`,
  ],
  'the cache in other options': [{ append: 'a=${cache_dir} b=${DEFAULT:cache_dir}' }],
  'the cache on the command line in other options': [{ append: 'a=${cache_dir}' }, '', ['-c', '~/there']],
  'a section of its own kind': [
    { name: 'a-b.c_d', append: '${name} ${shared:suffix}' },
    '[shared]\nsuffix = ${tail} and\n  ${tail}\ntail = end',
  ],
};

describe('a section', () => {
  let programs: BothPrograms;
  const built = new Map<string, Both>();
  before(async function () {
    programs = await BothPrograms.open(this);
    await twoAtATime(Object.entries(sections), async ([name, [changes, others, flags = []]]) => {
      const config = programs.smallConfiguration({ 'virt-type': 'qemu', ...changes }, others);
      built.set(name, await programs.run({ args: [...flags, 'image'], config }));
    });
  });
  after(() => programs?.close());

  for (const name of Object.keys(sections)) {
    it(`means the same to both: ${name}`, () => {
      const both = built.get(name)!;
      const { python, ours } = both;
      expect(python.status, python.said).to.equal(0);
      expect(ours.status, ours.said).to.equal(0);
      expectSameInstallation(both);
      expect(effectsOf(ours)).to.deep.equal(effectsOf(python));
    });
  }

  it('gives hooks the name of the image, in the order of the destinations', () => {
    expect(publishing(built.get('two destinations with their commands')!.ours)).to.deep.equal([
      '.$ rsync image-DATE.qcow2 image-DATE.qcow2.sha256sum one:/srv/',
      '.$ ssh one ls -l /srv/image-DATE.qcow2 image-DATE.qcow2.sha256sum',
      '.$ rsync --progress -e ssh --bwlimit=1000 image-DATE.qcow2 image-DATE.qcow2.sha256sum rsync://two/srv',
      '.$ hook first image-DATE.qcow2',
      '.$ hook second rsync://two/srv',
      '.$ hook image-DATE.qcow2',
    ]);
  });

  it('has arguments for rsync with blanks, which Python tears apart', async () => {
    const { python, ours } = await programs.run({
      args: ['image'],
      config: programs.smallConfiguration(
        { upload_destinations: 'one' },
        '[one]\nupload_type = rsync\nupload_args = -e "ssh -p 2222"\nupload_target = one:',
      ),
    });
    const files = 'image-DATE.qcow2 image-DATE.qcow2.sha256sum one:';
    expect(publishing(python)).to.deep.equal([`.$ rsync -e '"ssh' -p '2222"' ${files}`]);
    expect(publishing(ours)).to.deep.equal([`.$ rsync -e 'ssh -p 2222' ${files}`]);
    expectDocumented('are split at blanks, quotes stay in');
  });
});

function effectsOf(outcome: Outcome) {
  const { files, netboot, injected } = outcome;
  return {
    files: files
      .filter((file) => !/\.(console\.log|events\.jsonl)$/.test(file))
      .map((file) => anonymous(file, outcome)),
    size: diskSize(outcome),
    netboot,
    injected,
    publishing: publishing(outcome),
    undefined: callsOf(outcome, 'virsh').filter(({ args }) => args.includes('undefine')).length,
  };
}

describe('the installed system', () => {
  let programs: BothPrograms;
  before(async function () {
    programs = await BothPrograms.open(this);
  });
  after(() => programs?.close());

  it('is rid of the same files; ours also of what newer installers leave', async () => {
    const { python, ours } = await programs.run({
      args: ['image'],
      config: programs.smallConfiguration({ format: 'raw' }),
    });
    const left = filesOf(join(ours.directory, `${baseNameIn(ours.directory, 'image')}.raw`));
    const removedByUs = python.left.filter((file) => !left.includes(file));
    expect(removedByUs).to.have.members([
      '/root/autoinst.xml',
      '/root/original-ks.cfg',
      '/var/log/agama-installation/logs.tar.gz',
      '/var/log/anaconda.syslog',
    ]);
    expect(left).to.have.members(python.left.filter((file) => !removedByUs.includes(file)));
    expectDocumented('Also what other and newer installers leave');
  });
});

/** The files in the first partition of a raw disk, as absolute paths. */
function filesOf(disk: string): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'image-factory-files-'));
  try {
    execFileSync('/usr/sbin/debugfs', ['-R', `rdump / ${directory}`, `${disk}?offset=${2 ** 20}`], { stdio: 'pipe' });
    return readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(directory, name)).isFile())
      .map((name) => `/${name}`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
