import { operatingSystem } from './operating-system.js';
import { option, type Option } from './option.js';
import * as type from './option-types.js';

/** Options that every kind of section has. */
export const sectionOptions = {
  like: option(type.text, {
    group: 'section',
    doc: 'A section whose options this one takes, those that it takes itself included; what this section sets is set instead. See **TAKING OPTIONS FROM ANOTHER SECTION**.',
  }),
} as const satisfies Record<string, Option<unknown>>;

/** Options of a section that describes an image. */
export const imageOptions = {
  linux: option(type.source, {
    group: 'installer',
    doc: 'The installer kernel: a file name, or a URI with the scheme *file:*, *http:*, *https:* or *rsync:*. It is kept in the netboot cache.',
  }),
  initrd: option(type.source, {
    group: 'installer',
    doc: 'The installer initrd: a file name, or a URI with the scheme *file:*, *http:*, *https:* or *rsync:*. It is kept in the netboot cache.',
  }),
  'linux-sha256': option(type.sha256, {
    group: 'verification',
    doc: 'SHA-256 sum that the installer kernel must have.',
  }),
  'initrd-sha256': option(type.sha256, {
    group: 'verification',
    doc: 'SHA-256 sum that the installer initrd must have.',
  }),
  checksums: option(type.source, {
    group: 'verification',
    doc: 'The checksum list of kernel and initrd: a *SHA256SUMS* file or a *.treeinfo*; a file name or a URI as for **linux**. Both must have the SHA-256 sums in it.',
    defaultDoc: "the archive's own list, for the installer in a Debian archive",
  }),
  'checksums-signature': option(type.source, {
    group: 'verification',
    doc: 'The signature of the checksum list: a detached one, or a signed text that holds the list itself, or a signed *InRelease* file that lists its sum. Needs **checksums** and **keyring**.',
    defaultDoc: "the archive's *InRelease*, for the installer in a Debian archive",
  }),
  keyring: option(type.path, {
    group: 'verification',
    doc: 'The OpenPGP keys, binary or with ASCII armour, that may sign the checksum list; no others are trusted.',
    defaultDoc: '*/usr/share/keyrings/debian-archive-keyring.gpg*, for the installer in a Debian archive',
  }),
  verify: option(type.oneOf('required', 'available', 'off'), {
    group: 'verification',
    doc: 'Whether netboot files are verified: *required* builds only from files that something vouches for, *available* verifies where it can and warns where it can not, *off* reads no checksum lists.',
    default: 'available',
  }),
  installer_image: option(type.source, {
    group: 'installer',
    doc: 'An installation medium (ISO image) to take kernel and initrd from. Where virt-install does not know it, **linux** and **initrd** are their paths in it, such as *casper/vmlinuz* and *casper/initrd*.',
  }),
  append: option(type.text, {
    group: 'installer',
    doc: 'Kernel arguments for the installer, behind those that name the answer file. Without KVM, **norandmaps** stands before them, except for AutoYaST and Agama: an installer starts many processes, and QEMU translates their code for each address again.',
    default: '',
  }),
  preseed: option(type.path, {
    group: 'answer-file',
    doc: 'The preseed answer file (Debian, Ubuntu with the classic installer). A file that ends in *.hbs* is a handlebars template.',
  }),
  kickstart: option(type.path, {
    group: 'answer-file',
    doc: 'The Kickstart answer file (CentOS, Fedora, RHEL and kin). A file that ends in *.hbs* is a handlebars template.',
  }),
  yast: option(type.path, {
    group: 'answer-file',
    doc: 'The AutoYaST answer file (openSUSE, SLES). A file that ends in *.hbs* is a handlebars template.',
  }),
  autoinstall: option(type.path, {
    group: 'answer-file',
    doc: 'The autoinstall answer file, in YAML (Ubuntu with the installer subiquity). A file that ends in *.hbs* is a handlebars template.',
  }),
  agama: option(type.path, {
    group: 'answer-file',
    doc: 'The profile for Agama, in JSON (openSUSE Leap 16). A file that ends in *.hbs* is a handlebars template.',
  }),
  ram: option(type.memory, {
    group: 'machine',
    doc: 'Memory of the virtual machine, during the installation and during the boot test.',
    default: '1G',
  }),
  cores: option(type.integer(1, 512), {
    group: 'machine',
    doc: 'Processors of the virtual machine, during the installation and during the boot test.',
    default: '1',
  }),
  mac: option(type.mac, {
    group: 'machine',
    doc: 'MAC address of the network card, during the installation and during the boot test; *RANDOM* is as good as none.',
    defaultDoc: 'chosen by libvirt',
    flag: { long: 'mac' },
  }),
  vnc: option(type.vnc, {
    group: 'machine',
    doc: "Show the installation's screen over VNC: *localhost:1* listens on TCP port 5901 of the loopback interface.",
    defaultDoc: 'no graphics',
  }),
  'image-size': option(type.imageSize, {
    group: 'disk',
    doc: 'Size of the disk.',
    default: '2G',
    flag: { long: 'image-size' },
  }),
  format: option(type.oneOf('qcow2', 'raw'), {
    group: 'output',
    doc: 'Format of the finished image.',
    default: 'raw',
    flag: { short: 'f', long: 'format' },
  }),
  compression: option(type.oneOf('zstd', 'zlib', 'none'), {
    group: 'output',
    doc: 'How the clusters of a qcow2 image are compressed. *zstd* needs QEMU 5.1 or later to read.',
    default: 'zstd',
  }),
  'keep-raw': option(type.boolean, {
    group: 'output',
    doc: 'Keep the raw disk beside an image of another format.',
    default: 'no',
  }),
  cache_dir: option(type.directory, {
    group: 'installer',
    doc: "The netboot cache, which images may share: a file is kept once for all images that name its URL, and has a link in a directory of each image's name.",
    defaultDoc: '*~/.cache/image-factory*, and */var/cache/image-factory* for root',
    flag: { short: 'c', long: 'cache-dir' },
  }),
  data_dir: option(type.directory, {
    group: 'answer-file',
    doc: 'Where answer files with a relative name are looked for, after the current directory and before the templates that ship with image-factory.',
  }),
  'output-dir': option(type.directory, {
    group: 'output',
    doc: 'Where the artifacts of a build are left.',
    default: '.',
    flag: { short: 'o', long: 'output-dir' },
  }),
  'http-directory': option(type.directory, {
    group: 'answer-file',
    doc: 'A directory that the installer can reach over HTTP while it runs. Templates see its address as *http-url* and *http-host*.',
  }),
  'virt-type': option(type.oneOf('auto', 'kvm', 'qemu'), {
    group: 'machine',
    doc: "How the virtual machine runs: with the hardware's help (*kvm*) or in software (*qemu*). *auto* takes KVM where this machine can really run a guest with it.",
    default: 'auto',
    flag: { long: 'virt-type' },
  }),
  connect: option(type.libvirtUri, {
    group: 'machine',
    doc: "The libvirt connection. *qemu:///system* is for root only: the console log and the disk belong to root there, and a normal user's build is refused.",
    defaultDoc: '*qemu:///session*, and *qemu:///system* for root',
  }),
  osinfo: option(operatingSystem, {
    group: 'machine',
    doc: 'What virt-install is told of the distribution, as **virt-install --osinfo** takes it.',
    default: 'detect=on,require=off',
  }),
  timeout: option(type.duration, {
    group: 'machine',
    doc: 'How long the installation may take, from the start of the virtual machine to its power-off.',
    default: '2h',
    flag: { long: 'timeout' },
  }),
  'space-check': option(type.oneOf('warn', 'error', 'off'), {
    group: 'machine',
    doc: 'What happens before a build where there may be too little room for the disk, which is written with holes: *warn* tells what is needed and what is free, *error* ends the build, *off* does not look. With *warn*, a build ends where not even a small system finds room.',
    default: 'warn',
  }),
  'boot-test': option(type.bootTest, {
    group: 'boot-test',
    doc: "What the finished image must show in a virtual machine before it gets its name: *login*, a login prompt; *ssh*, an SSH server; *agent*, an answer of qemu-guest-agent; *off*, nothing. Anything else is a command that must succeed, in which *%h* and *%p* stand for the host and the port that lead to the guest's ssh port. See **BOOT TEST**.",
    default: 'login',
    flag: { long: 'boot-test', negatable: true },
  }),
  'boot-timeout': option(type.duration, {
    group: 'boot-test',
    doc: 'How long the image may take to show what **boot-test** asks for, from the start of the virtual machine.',
    defaultDoc: '*5m*, and *15m* without KVM',
    flag: { long: 'boot-timeout' },
  }),
  distribution: option(type.text, {
    group: 'output',
    doc: 'Name of the distribution, for **image-factory list**.',
    defaultDoc: "read off the section's name",
  }),
  'installer-logs': option(type.boolean, {
    group: 'log',
    doc: "Print the installer's own logs before they are removed from the image.",
    default: 'no',
    flag: { long: 'installer-logs', negatable: true },
  }),
  'root-partition': option(type.integer(1, 128), {
    group: 'disk',
    doc: "The number of the partition with the root file system of the installed system, where it can't be told by what is on the partitions. It may be given with **--resume**, too.",
    defaultDoc: 'the one that looks like a root directory',
    flag: { long: 'root-partition' },
  }),
  'log-file': option(type.boolean, {
    group: 'log',
    doc: 'Store the log in a file as well.',
    default: 'no',
    flag: { long: 'log-file', negatable: true },
  }),
  'log-filename': option(type.path, {
    group: 'log',
    doc: 'The file that the log is stored in.',
    defaultDoc: '*<image>-<date>.log* in the output directory',
    flag: { long: 'log-filename' },
  }),
  manifest: option(type.boolean, {
    group: 'documents',
    doc: 'Write a manifest beside the image: distribution, kernels, every package with version and architecture, disk layout, netboot files, times of the stages.',
    default: 'yes',
  }),
  sbom: option(type.oneOf('cyclonedx', 'no'), {
    group: 'documents',
    doc: 'Write a software bill of materials beside the image: CycloneDX 1.6 in JSON.',
    default: 'cyclonedx',
  }),
  provenance: option(type.boolean, {
    group: 'documents',
    doc: 'Write beside the image how it came to be: an in-toto statement with SLSA provenance, that names netboot files, answer file and mirrors.',
    default: 'yes',
  }),
  'builder-id': option(type.uri, {
    group: 'documents',
    doc: 'The URI by which the provenance names this machine.',
    defaultDoc: '*urn:image-factory:builder:HOSTNAME*',
  }),
  sign: option(type.oneOf('gpg', 'ssh', 'no'), {
    group: 'signing',
    doc: "Sign the image's checksum file, and a file of the checksums of all artifacts: with **gpg**(1) and its agent, or with **ssh-keygen**(1).",
    default: 'no',
    flag: { long: 'sign' },
  }),
  'sign-key': option(type.path, {
    group: 'signing',
    doc: 'The key to sign with. For *gpg* its fingerprint or user ID; for *ssh* a private key file without passphrase, or a public key file whose private key is in the SSH agent.',
    flag: { long: 'sign-key' },
  }),
  upload_destinations: option(type.commaList, {
    group: 'upload',
    doc: 'Sections that say where the finished image is uploaded, separated by commas. Empty means nowhere.',
    default: '',
  }),
  'pre-build-command': option(type.shellWords, {
    group: 'hooks',
    doc: 'A command to run before anything else, for example one that makes the netboot files. It is split into words like a shell does and run without a shell.',
  }),
  'post-build-command': option(type.shellWords, {
    group: 'hooks',
    doc: "A command to run after a successful build, in the output directory, with the image's file name as its last argument. It is split into words like a shell does and run without a shell.",
  }),
} as const satisfies Record<string, Option<unknown>>;

/** Options of a section that describes a destination. */
export const destinationOptions = {
  upload_type: option(type.oneOf('rsync', 'sftp'), { group: 'upload', doc: 'How to upload.' }),
  upload_target: option(type.text, {
    group: 'upload',
    doc: 'Where to: what rsync takes as its last argument; for SFTP *[user@]host:/directory/* or *sftp://[user@]host[:port]/directory/*.',
  }),
  upload_artifacts: option(type.oneOf('image', 'all'), {
    group: 'upload',
    doc: 'What to upload: the image and its checksum (*image*), or the documents and signatures that lie beside it as well (*all*).',
    defaultDoc: '*all* if the image is signed, else *image*, as the Python image-factory did',
  }),
  upload_args: option(type.shellWords, {
    group: 'rsync',
    doc: 'Further arguments for rsync, such as *--progress*.',
    default: '',
  }),
  upload_port: option(type.integer(1, 65535), {
    group: 'sftp',
    doc: 'SFTP: the TCP port.',
    defaultDoc: "the target's, else 22",
  }),
  upload_identity: option(type.path, {
    group: 'sftp',
    doc: 'SFTP: the private key file.',
    defaultDoc: 'the SSH agent, then the usual files of *~/.ssh*',
  }),
  upload_known_hosts: option(type.path, {
    group: 'sftp',
    doc: 'SFTP: the file of known host keys.',
    defaultDoc: '*~/.ssh/known_hosts*, then */etc/ssh/ssh_known_hosts*',
  }),
  upload_password_env: option(type.text, {
    group: 'sftp',
    doc: 'SFTP: the environment variable that holds the password.',
  }),
  'post-upload-command': option(type.shellWords, {
    group: 'hooks',
    numbered: true,
    doc: "A command to run after a successful upload. *${image}* stands for the image's file name. It is split into words like a shell does and run without a shell; more commands go into **post-upload-command1**, **post-upload-command2** and so on.",
  }),
} as const satisfies Record<string, Option<unknown>>;

/** Numbered options, which the tables above hold once: `post-upload-command` and `post-upload-command1`, 2, 3, … */
export const numberedOption = 'post-upload-command';
