import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { problemsOf } from '../../test/support/host.js';
import { Configuration } from './configuration.js';
import { defaultCacheDirectory } from './defaults.js';
import type { DeriveOrigin, ImageSpec } from './image-spec.js';
import type { Overrides } from './overrides.js';
import { isoDate, resolveImage } from './resolve.js';
import { parseSource } from './source.js';
import { installOrigin } from './image-spec.js';

const netboot = 'linux = /srv/linux\ninitrd = /srv/initrd.gz\npreseed = a.cfg\n';

function imageOf(text: string, name = 'debian-12', overrides: Overrides = {}): ImageSpec {
  const configuration = new Configuration([{ name: 'my.conf', text }], []);
  return resolveImage(configuration, name, overrides, '2026-11-21');
}

describe('resolveImage', () => {
  it('makes a typed image of a section', () => {
    const image = imageOf(`
[debian-12]
linux = http://deb.example.org/linux
initrd = http://deb.example.org/initrd.gz
preseed = debian.preseed.hbs
append = console=ttyS0
ram = 2 GB
cores = 2
vnc = localhost:1
image-size = 4G
format = QCOW2
keep-raw = on
timeout = 90m
installer-logs = yes
post-build-command = register "golden image"
`);
    expect(image).to.deep.include({
      name: 'debian-12',
      baseName: 'debian-12-2026-11-21',
      origin: {
        kind: 'install',
        installer: {
          kind: 'netboot',
          linux: parseSource('http://deb.example.org/linux'),
          initrd: parseSource('http://deb.example.org/initrd.gz'),
        },
        answerFile: { kind: 'preseed', path: 'debian.preseed.hbs' },
      },
      append: 'console=ttyS0',
      ram: 2e9,
      cores: 2,
      vnc: { listen: 'localhost', port: 5901 },
      imageSize: 4 * 2 ** 30,
      format: 'qcow2',
      keepRaw: true,
      timeout: 90 * 60_000,
      installerLogs: true,
      postBuildCommand: ['register', 'golden image'],
    });
  });

  it('has a default for everything that need not be said', () => {
    const image = imageOf(`[debian-12]\n${netboot}`);
    const root = process.getuid?.() === 0;
    expect(image).to.deep.include({
      format: 'raw',
      ram: 2 ** 30,
      cores: 1,
      imageSize: 2 * 2 ** 30,
      append: '',
      timeout: 7_200_000,
      virtType: 'auto',
      keepRaw: false,
      destinations: [],
      outputDir: process.cwd(),
      cacheDir: join(root ? '/var/cache/image-factory' : join(homedir(), '.cache/image-factory'), 'debian-12'),
      connect: root ? 'qemu:///system' : 'qemu:///session',
      mac: undefined,
      vnc: undefined,
      postBuildCommand: undefined,
    });
  });

  it('knows the directories of this machine, whatever the section calls them', () => {
    const image = imageOf(`[debian-12]\n${netboot}cache-dir = ~/cache\noutput_dir = out\nlog_filename = ~/a.log\n`);
    expect(image.cacheDir).to.equal(join(homedir(), 'cache/debian-12'));
    expect(image.outputDir).to.equal(resolve('out'));
    expect(image.logFilename).to.equal(join(homedir(), 'a.log'));
  });

  it('takes an installation medium instead of kernel and initrd', () => {
    const image = imageOf('[rhel]\ninstaller_image = /srv/rhel.iso\nkickstart = a.ks\n', 'rhel');
    expect(installOrigin(image).installer).to.deep.equal({ kind: 'medium', image: parseSource('/srv/rhel.iso') });
    expect(installOrigin(image).answerFile).to.deep.equal({ kind: 'kickstart', path: 'a.ks' });
  });

  describe('what wins', () => {
    const text = `[DEFAULT]\nimage-size = 1G\nram = 1G\ncores = 1\n[debian-12]\n${netboot}ram = 2G\ncores = 2\n`;

    it('is the command line, then the section, then [DEFAULT]', () => {
      const image = imageOf(text, 'debian-12', { cores: '3' });
      expect([image.imageSize, image.ram, image.cores]).to.deep.equal([2 ** 30, 2 * 2 ** 30, 3]);
    });

    it('is the same for each way to spell an option', () => {
      expect(imageOf(`${text}image_size = 3G\n`).imageSize).to.equal(3 * 2 ** 30);
      expect(imageOf(`${text}IMAGE_SIZE = 3G\n`, 'debian-12', { 'image-size': '4G' }).imageSize).to.equal(4 * 2 ** 30);
      expect(imageOf(text.replace('image-size', 'Image_Size')).imageSize).to.equal(2 ** 30);
    });

    it('is the default where a section empties an option of [DEFAULT]', () => {
      const image = imageOf(
        `[DEFAULT]\nmac = 52:54:00:12:34:56\nimage-size = 1G\n[a]\n${netboot}mac =\nimage-size =\n`,
        'a',
      );
      expect(image.mac).to.equal(undefined);
      expect(image.imageSize).to.equal(2 * 2 ** 30);
    });

    it('is seen by references, and what the command line says is no reference itself', () => {
      const image = imageOf(`[debian-12]\n${netboot}append = file=\${log-filename}\n`, 'debian-12', {
        'log-filename': '/srv/${x} $$.log',
      });
      expect(image.append).to.equal('file=/srv/${x} $$.log');
      expect(image.logFilename).to.equal('/srv/${x} $$.log');
    });
  });

  describe('variables for templates', () => {
    it('are all options that can be resolved, as text, by the names that the section gives them, and what follows from its architecture', () => {
      const { variables } = imageOf(
        `[DEFAULT]\nbroken = \${nothing}\nHost-Name = web\n[debian-12]\n${netboot}ram = 2 GB\nmy_own = \${host-name}1\n`,
      );
      expect(variables).to.deep.equal({
        cache_dir: defaultCacheDirectory(),
        linux: '/srv/linux',
        initrd: '/srv/initrd.gz',
        preseed: 'a.cfg',
        ram: '2 GB',
        my_own: 'web1',
        'host-name': 'web',
        arch: 'x86_64',
        'debian-arch': 'amd64',
        'rpm-arch': 'x86_64',
        'serial-device': 'ttyS0',
        'kernel-arguments': 'console=tty0 console=ttyS0,115200',
        firmware: 'bios',
      });
    });
  });

  describe('what is set and can not be resolved', () => {
    it('is kept with what is wrong, for whoever reads it', () => {
      const image = imageOf(`[DEFAULT]\nuser-password = a$b\n[debian-12]\n${netboot}firewall = \${nosuch}\n`);
      expect(image.unresolved).to.deep.equal({
        firewall: ['my.conf:7: [debian-12] firewall: ${nosuch} refers to an option that is not set'],
        'user-password': [
          "my.conf:2: [debian-12] user-password: '$' must be followed by another '$' or by a name in braces; a plain dollar sign is '$$'",
        ],
      });
      expect(image.variables).not.to.have.any.keys('firewall', 'user-password');
    });
  });

  it('knows where options are set, those of its destinations included', () => {
    const text = `[debian-12]\n${netboot}upload_destinations = c\n[c]\nupload_type = rsync\nupload-target = c:\n`;
    expect(imageOf(text).places).to.deep.include({
      linux: 'my.conf:2: [debian-12] linux',
      'c:upload-target': 'my.conf:8: [c] upload-target',
    });
  });

  it('does not take both spellings of an option in one section', () => {
    const text = `[debian-12]\n${netboot}image-size = 3G\nimage_size = 4G\nmy-own = 1\nmy_own = 2\n`;
    expect(problemsOf(() => imageOf(text))).to.deep.equal([
      "my.conf:6: [debian-12] image-size is set twice, first in line 5: '-' and '_' mean the same",
    ]);
  });

  describe('what the installed system shall be', () => {
    it('is noted with its place, and what is wrong with it, but never a secret', () => {
      const text = `[DEFAULT]\nHost_Name = ours\ntime-zone = ours\nkeymap = de\n[debian-12]\n${netboot}hostname = -x\nroot_password_hash = secret\n`;
      expect(imageOf(text).description).to.deep.equal({
        keymap: { place: 'my.conf:4: [debian-12] keymap = de' },
        hostname: {
          place: 'my.conf:9: [debian-12] hostname = -x',
          fault: 'expected a host name: letters, digits and hyphens (RFC 1123)',
        },
        'root-password-hash': {
          place: 'my.conf:10: [debian-12] root_password_hash = …',
          fault:
            "expected a password hash as 'mkpasswd' or 'openssl passwd -6' prints it ($6$…), or ! for a locked password",
        },
      });
    });

    it('stops nobody who means something else by these names, in a plain answer file', () => {
      expect(imageOf(`[debian-12]\n${netboot}user = Some One\npackages = a, b; c\n`).variables).to.include({
        user: 'Some One',
      });
    });
  });

  describe('destinations', () => {
    const upload = `
[debian-12]
${netboot}
format = qcow2
upload_destinations = mirror, cloud

[mirror]
upload_type = RSYNC
upload_target = rsync.example.org::images/
upload_args = -v --rsh "ssh -p 22"
post-upload-command = ssh mirror "publish \${image}"
post-upload-command1 = echo one
post_upload_command2 =
post-upload-command3 = echo three
post-upload-command5 = echo never: there is no 4

[cloud]
upload_type = sftp
upload_target = me@cloud.example.org:/images/
upload_port = 2222
upload_identity = ~/.ssh/images
upload_known_hosts = /etc/images/known_hosts
upload_password_env = CLOUD_PASSWORD
`;

    it('are resolved in their order, with the name of the image in their commands', () => {
      const image = 'debian-12-2026-11-21.qcow2';
      expect(imageOf(upload).destinations).to.deep.equal([
        {
          type: 'rsync',
          name: 'mirror',
          target: 'rsync.example.org::images/',
          args: ['-v', '--rsh', 'ssh -p 22'],
          postUploadCommands: [
            ['ssh', 'mirror', `publish ${image}`],
            ['echo', 'one'],
            ['echo', 'three'],
          ],
        },
        {
          type: 'sftp',
          name: 'cloud',
          target: 'me@cloud.example.org:/images/',
          server: { user: 'me', host: 'cloud.example.org', port: 2222, directory: '/images/' },
          identity: join(homedir(), '.ssh/images'),
          knownHosts: '/etc/images/known_hosts',
          passwordEnv: 'CLOUD_PASSWORD',
          postUploadCommands: [],
        },
      ]);
    });

    it('see what the command line sets, and an image of their own but in the commands after an upload', () => {
      const text = `[a]
${netboot}
format = raw
upload_destinations = m
[m]
image = golden
upload_type = rsync
upload_target = m:/\${image}/\${a:format}/
post-upload-command = publish \${image}
`;
      const [destination] = imageOf(text, 'a', { format: 'qcow2' }).destinations;
      expect(destination).to.include({ target: 'm:/golden/qcow2/' });
      expect(destination?.postUploadCommands).to.deep.equal([['publish', 'a-2026-11-21.qcow2']]);
    });

    it('may be one, in [DEFAULT]', () => {
      const text = `[DEFAULT]\nupload_type = rsync\nupload_target = m:\npost-upload-command = x \${image}\n[a]\n${netboot}upload_destinations = DEFAULT\n`;
      const [destination] = imageOf(text, 'a').destinations;
      expect(destination).to.include({ name: 'DEFAULT', target: 'm:' });
      expect(destination?.postUploadCommands).to.deep.equal([['x', 'a-2026-11-21.raw']]);
    });

    it('leave what is not said of SFTP to its own defaults', () => {
      const image = imageOf(
        `[a]\n${netboot}upload_destinations = c\n[c]\nupload_type = sftp\nupload_target = c:/\n`,
        'a',
      );
      expect(image.destinations).to.deep.equal([
        {
          type: 'sftp',
          name: 'c',
          target: 'c:/',
          server: { host: 'c', port: 22, directory: '/' },
          postUploadCommands: [],
        },
      ]);
    });

    it('of SFTP go to a server whose port stands in the target or in an option of its own', () => {
      const destination = (target: string, port: string) =>
        imageOf(
          `[a]\n${netboot}upload_destinations = c\n[c]\nupload_type = sftp\nupload_target = ${target}\n${port}\n`,
          'a',
        ).destinations[0];
      expect(destination('sftp://c:2222/', '')).to.deep.include({ server: { host: 'c', port: 2222, directory: '/' } });
      expect(destination('c:/', 'upload_port = 2222')).to.deep.include({
        server: { host: 'c', port: 2222, directory: '/' },
      });
      expect(destination('sftp://c:2222/', 'upload_port = 2222')).to.deep.include({
        server: { host: 'c', port: 2222, directory: '/' },
      });
      const problems = (target: string) => problemsOf(() => destination(target, 'upload_port = 2222'));
      expect(problems('sftp://c:22/')).to.deep.equal([
        'my.conf:9: [c]: upload_port: 2222 contradicts the port 22 of upload_target',
      ]);
      expect(problems('/srv/images')).to.deep.equal([
        "my.conf:8: [c] upload_target = /srv/images: expected 'sftp://[user@]host[:port]/directory/' or '[user@]host:/directory/'",
      ]);
      expect(problems('sftp://me:geheim@c/').join())
        .to.match(/^my\.conf:8: .*upload_password_env/)
        .and.not.match(/geheim/);
    });
  });

  it('tells every problem of the section and its destinations at once', () => {
    const problems = problemsOf(() =>
      imageOf(`[debian-12]
initrd = \${mirror}/initrd.gz
preseed = a.cfg
kickstart = a.ks
ram = 1024
image-size = huge
upload_destinations = miror, cloud
[mirror]
[cloud]
upload_type = ftp
upload_port = 0
post-upload-command1 = echo "
`),
    );
    expect(problems).to.deep.equal([
      "my.conf:1: [debian-12]: no option 'linux', nor 'installer_image': set the source of the installer",
      'my.conf:2: [debian-12] initrd: ${mirror} refers to an option that is not set',
      "my.conf:4: [debian-12]: 'preseed' and 'kickstart' are both set; an installation reads one answer file (an empty value unsets one of [DEFAULT])",
      "my.conf:5: [debian-12] ram = 1024: expected a size with a unit, such as '2G', '512 MiB' or '2 GB'",
      "my.conf:6: [debian-12] image-size = huge: expected a size with a unit, such as '2G', '512 MiB' or '2 GB'",
      "my.conf:7: [debian-12]: upload_destinations: there is no section [miror] (did you mean 'mirror'?)",
      "my.conf:9: [cloud]: no option 'upload_target' for this upload destination",
      "my.conf:10: [cloud] upload_type = ftp: expected one of 'rsync', 'sftp', 'rclone', 'oci' (did you mean 'sftp'?)",
      'my.conf:11: [cloud] upload_port = 0: expected a whole number from 1 to 65535',
      'my.conf:12: [cloud] post-upload-command1 = echo ": expected words as for a shell, but a double quote (") is not closed in: echo "',
    ]);
  });

  it('says what an empty section lacks', () => {
    expect(problemsOf(() => imageOf('[empty]\n', 'empty'))).to.deep.equal([
      "my.conf:1: [empty]: no option 'linux', nor 'installer_image': set the source of the installer",
      "my.conf:1: [empty]: no option 'initrd', nor 'installer_image': set the source of the installer",
      "my.conf:1: [empty]: no answer file: one of the options 'preseed', 'kickstart', 'yast', 'autoinstall' and 'agama' must name it",
    ]);
  });

  it('does not call unset what is only wrong', () => {
    const text = '[a]\ninstaller_image = ${x}\ninitrd = ${x}\npreseed = ${x}\nupload_destinations =\n';
    expect(problemsOf(() => imageOf(text, 'a'))).to.deep.equal(
      [
        [2, 'installer_image'],
        [3, 'initrd'],
        [4, 'preseed'],
      ].map(([line, option]) => `my.conf:${line}: [a] ${option}: \${x} refers to an option that is not set`),
    );
  });

  it('has a cache directory that other options may refer to, set or not, and without ~', () => {
    const preseedIn = (options: string) => {
      const text = `[a]\nlinux = l\ninitrd = i\npreseed = \${cache_dir}/a.cfg\n${options}`;
      return installOrigin(imageOf(text, 'a')).answerFile.path;
    };
    expect(preseedIn('')).to.equal(join(defaultCacheDirectory(), 'a.cfg'));
    expect(preseedIn('cache_dir = ~/c$$\n')).to.equal(join(homedir(), 'c$/a.cfg'));
  });

  it('has the store of layers of the command line, the environment, the section, or the usual one, in this order', () => {
    const before = process.env.IMAGE_FACTORY_STORE_DIR;
    const storeOf = (options: string, overrides: Overrides = {}) =>
      imageOf(`[debian-12]\n${netboot}${options}`, 'debian-12', overrides).storeDir;
    try {
      delete process.env.IMAGE_FACTORY_STORE_DIR;
      expect(storeOf('')).to.equal(
        process.getuid?.() === 0 ? '/var/lib/image-factory' : join(homedir(), '.local/share/image-factory'),
      );
      expect(storeOf('store_dir = ~/layers\n')).to.equal(join(homedir(), 'layers'));
      process.env.IMAGE_FACTORY_STORE_DIR = 'in-environment';
      expect(storeOf('store-dir = /srv/layers\n')).to.equal(resolve('in-environment'));
      expect(storeOf('store-dir = /srv/layers\n', { 'store-dir': '/named' })).to.equal('/named');
    } finally {
      if (before === undefined) delete process.env.IMAGE_FACTORY_STORE_DIR;
      else process.env.IMAGE_FACTORY_STORE_DIR = before;
    }
  });

  it('blames no line of a file for what the command line says', () => {
    expect(problemsOf(() => imageOf(`[debian-12]\n${netboot}ram = 1G\n`, 'debian-12', { ram: 'x' }))).to.deep.equal([
      "command line: [debian-12] ram = x: expected a size with a unit, such as '2G', '512 MiB' or '2 GB'",
    ]);
  });

  it('has directories and scripts whose names are quoted, if they have blanks', () => {
    const { files, origin } = imageOf(
      "[kid]\nparent = file:base.tar\nfiles = a 'the web'\nrun = 'set up.sh' b.sh\n",
      'kid',
    );
    expect(files).to.deep.equal([resolve('a'), resolve('the web')]);
    expect(origin).to.deep.include({ kind: 'derive' });
    expect(origin.kind === 'derive' && origin.changes.run).to.deep.equal([resolve('set up.sh'), resolve('b.sh')]);
    expect(problemsOf(() => imageOf("[kid]\nparent = file:base.tar\nrun = 'b.sh\n", 'kid'))).to.deep.equal([
      "my.conf:3: [kid] run = 'b.sh: expected words as for a shell, but a single quote (') is not closed in: 'b.sh",
    ]);
  });

  it('takes a parent in the flavor that is named, else in that of the child, else in the only one', () => {
    const flavors = '[flavor xen]\nhypervisor = xen\n[flavor arm]\narch = arm64\n[flavor kvm]\nhypervisor = kvm\n';
    const web = '[web]\ndistribution = debian\ngroup = base\nlayout = hybrid\n';
    const parentOf = (text: string, name: string) => {
      const { origin, arch } = imageOf(`${flavors}${web}${text}`, name);
      const { parent, parentImage } = origin as DeriveOrigin;
      expect(parentImage?.name ?? parent).to.equal(parent);
      return [parentImage?.name, arch.debianName];
    };
    expect(parentOf('flavors = xen, arm\n[kid]\nparent = web@arm\n', 'kid')).to.deep.equal(['web@arm', 'arm64']);
    const both = 'flavors = xen, arm\n[kid]\nparent = web\nflavors = xen, arm\n[kid2]\nparent = kid\n';
    expect(parentOf(both, 'kid@arm')).to.deep.equal(['web@arm', 'arm64']);
    expect(parentOf(both, 'kid2@xen')).to.deep.equal(['kid@xen', 'amd64']);
    expect(parentOf('flavors = arm\n[kid]\nparent = web\n', 'kid')).to.deep.equal(['web@arm', 'arm64']);
    expect(parentOf('[kid]\nparent = web\n', 'kid@kvm')).to.deep.equal(['web', 'amd64']);
    // A layer of the store may have such a name.
    expect(parentOf('flavors = xen\n[kid]\nparent = web@xen-0a1b\n', 'kid')).to.deep.equal([undefined, 'amd64']);
    const unsaid = (name: string) =>
      problemsOf(() => imageOf(`${flavors}${web}flavors = xen, arm\n[kid]\nparent = web\n`, name));
    for (const name of ['kid', 'kid@kvm']) {
      expect(unsaid(name)).to.deep.equal([
        'my.conf:13: [kid]: parent = web: it is built in several flavors: name one of web@xen, web@arm',
      ]);
    }
  });

  it('blames the command line for a circle of parents that only it closes', () => {
    const text = '[c]\nparent = b\n[b]\nparent = a\n[a]\nparent = file:base.tar\n';
    const closed = problemsOf(() => imageOf(text, 'a', { parent: 'c' }));
    expect(closed).to.deep.equal(["command line: [a]: 'parent' leads in a circle: [a] -> [c] -> [b] -> [a]"]);
    const itself = problemsOf(() => imageOf(text, 'c', { parent: 'c' }));
    expect(itself).to.deep.equal(["command line: [c]: 'parent' leads in a circle: [c] -> [c]"]);
    const further = problemsOf(() => imageOf('[a]\nparent = b\n[b]\nparent = b\n', 'a', { parent: 'b' }));
    expect(further).to.deep.equal(["my.conf:4: [b]: 'parent' leads in a circle: [b] -> [b]"]);
  });

  it('takes only names that can be file names', () => {
    for (const name of ['../evil', 'a/b', '-rf', '.hidden', 'a\tb']) {
      expect(
        problemsOf(() => imageOf(`[${name}]\n${netboot}`, name)),
        name,
      ).to.deep.equal([
        `my.conf:1: [${name}]: the name of an image becomes a file name; it can't begin with '-' or '.', or contain '/'`,
      ]);
    }
    expect(imageOf(`[Ubuntu 20.04 (täglich)]\n${netboot}`, 'Ubuntu 20.04 (täglich)').name).to.be.a('string');
  });

  it('is frozen to the ground', () => {
    const image = imageOf(
      `[a]\n${netboot}vnc = :1\nupload_destinations = m\n[m]\nupload_type = rsync\nupload_target = m:\npost-upload-command = x y\n`,
      'a',
    );
    expect(unfrozen(image, 'image')).to.deep.equal([]);
  });
});

function unfrozen(value: unknown, name: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.entries(value).flatMap(([key, part]) => unfrozen(part, `${name}.${key}`));
  return Object.isFrozen(value) ? inside : [name, ...inside];
}

describe('isoDate', () => {
  it('is the day here, whatever day it is in Greenwich', () => {
    expect(isoDate(new Date(2026, 0, 2, 0, 1))).to.equal('2026-01-02');
    expect(isoDate(new Date(2026, 10, 21, 23, 59))).to.equal('2026-11-21');
  });
});
