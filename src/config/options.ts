import { architectures, machineTypes } from '../machine/architectures.js';
import { diskDevices, netDevices, type DiskName } from '../machine/devices.js';
import { operatingSystem } from './operating-system.js';
import { option, type Option } from './option.js';
import * as type from './option-types.js';

const [plainMachine, expressMachine] = architectures.x86_64.machineTypes;

/** Options that every kind of section has. */
export const sectionOptions = {
  like: option(type.text, {
    group: 'section',
    doc: 'A section whose options this one takes, including those that it takes itself. What this section sets takes precedence. See **TAKING OPTIONS FROM ANOTHER SECTION**.',
  }),
} as const satisfies Record<string, Option<unknown>>;

/** Options of a section that describes an image. */
export const imageOptions = {
  parent: option(type.parent, {
    group: 'derive',
    doc: 'What the image is derived from, instead of being installed: another image, or a flavor of one (*web@xen*), a layer of the store, or **file:** with the path of a disk, an archive, a container image or a directory. The parent stays as it is. See **DERIVED IMAGES**.',
  }),
  elements: option(type.words, {
    group: 'derive',
    doc: "diskimage-builder's elements to apply, separated by blanks; those that they depend on come along. See image-factory-elements(7).",
    default: '',
  }),
  'element-path': option(type.searchPath, {
    group: 'derive',
    doc: 'Directories in which elements are looked for, separated by colons, the first one first. Relative ones are relative to the configuration file.',
    defaultDoc: "where Debian's package *python3-diskimage-builder* puts them",
  }),
  'element-environment': option(type.variables, {
    group: 'derive',
    doc: 'Variables for the hooks of elements, such as *DIB_DEV_USER_USERNAME=dev*, separated by blanks; quotes are those of a shell. The DIB_… variables of the environment of image-factory do not count.',
    default: '',
  }),
  files: option(type.shellWords, {
    group: 'software',
    doc: "Directories on the build machine, separated by blanks, with quotes as in a shell around names with blanks, whose content is copied into the image's root directory: *DIR/etc/motd* becomes */etc/motd*. Everything belongs to root, with the permissions 0755 or 0644; a file *DIR.modes* beside a directory says what differs. Directories and links to directories that the image has stay as they are. Relative ones are relative to the configuration file. Before **post-script**. See **FILES TO COPY**.",
    default: '',
  }),
  run: option(type.shellWords, {
    group: 'derive',
    doc: 'Scripts on the build machine that run as root in the derived image, in this order, separated by blanks, with quotes as in a shell around names with blanks. If one fails, the build fails. Relative ones are relative to the configuration file.',
    default: '',
  }),
  'derive-in': option(type.oneOf('auto', 'namespace', 'vm'), {
    group: 'derive',
    doc: 'Where programs run in the tree of a derived image: in namespaces of this machine (*namespace*), or in a virtual machine of its own (*vm*), which is slow without KVM. The tree is the same, so changing it makes nothing stale. *auto* is *namespace* where that is open. See **DERIVED IMAGES**.',
    default: 'auto',
  }),
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
    doc: 'The checksum list of kernel and initrd, or of **netboot-archive**: a *SHA256SUMS* or *CHECKSUMS* file or a *.treeinfo*, as a file name or a URI like **linux**. The files must have the SHA-256 sums that it lists.',
    defaultDoc: "the archive's own list, for the installer in a Debian archive",
  }),
  'checksums-signature': option(type.source, {
    group: 'verification',
    doc: 'The signature of the checksum list: a detached one, or a signed text that holds the list itself, or a signed *InRelease* file that lists its sum. Needs **checksums** and **keyring**.',
    defaultDoc: "the archive's *InRelease*, for the installer in a Debian archive",
  }),
  keyring: option(type.source, {
    group: 'verification',
    doc: 'The OpenPGP keys, binary or with ASCII armour, that may sign the checksum list: a file name, or a URI like **linux**, for which **signed-by** must say which keys of it are trusted. No other keys are trusted.',
    defaultDoc: '*/usr/share/keyrings/debian-archive-keyring.gpg*, for the installer in a Debian archive',
  }),
  'signed-by': option(type.fingerprints, {
    group: 'verification',
    doc: 'The keys of **keyring** that may sign the checksum list, by their fingerprints (of the primary key), separated by commas. With them it does not matter where the keyring comes from.',
    defaultDoc: 'every key of a local **keyring**',
  }),
  verify: option(type.oneOf('required', 'available', 'off'), {
    group: 'verification',
    doc: 'Whether netboot files are verified: *required* builds only from verified files, *available* verifies them where possible and warns otherwise, *off* reads no checksum lists.',
    default: 'available',
  }),
  'netboot-archive': option(type.source, {
    group: 'installer',
    doc: 'A tar archive to take kernel and initrd from, as a file name or a URI like **linux**. **linux** and **initrd** are then their paths in it, such as *amd64/linux* and *amd64/initrd*.',
  }),
  installer_image: option(type.source, {
    group: 'installer',
    doc: 'An installation medium (ISO image) to take kernel and initrd from. If virt-install does not know the medium, set **linux** and **initrd** to their paths on it, such as *casper/vmlinuz* and *casper/initrd*.',
  }),
  append: option(type.text, {
    group: 'installer',
    doc: 'Kernel arguments for the installer, after those that name the answer file. Without KVM, **norandmaps** and, on a PC, **no_timer_check** are added before them, except for AutoYaST and Agama: with randomized addresses, QEMU must translate the same library again for every process, and on a busy builder the kernel takes the emulated timer for broken.',
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
  arch: option(type.architecture, {
    group: 'machine',
    doc: 'The architecture of the image: *amd64*, *arm64*, or untested *riscv64* and *ppc64el*; also as the kernel calls it, such as *aarch64*. The shipped images take their installer and packages for it. On a machine of another architecture, the build runs in software. See **ARCHITECTURES**.',
    default: 'amd64',
    flag: { long: 'arch' },
  }),
  firmware: option(type.oneOf('bios', 'uefi', 'uefi-secure'), {
    group: 'machine',
    doc: "The firmware of the virtual machine, during the installation and during the boot test: *bios*, *uefi*, or *uefi-secure*, which is UEFI with Secure Boot and Microsoft's keys. See **FIRMWARE**.",
    defaultDoc: '*bios* for amd64, *uefi* for arm64',
    flag: { long: 'firmware' },
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
    doc: 'MAC address of the network card, during the installation and during the boot test; *RANDOM* is the same as leaving it unset.',
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
  layout: option(type.text, {
    group: 'disk',
    doc: "Partitions, volumes, file systems and mount points of the disk: the name of a shipped layout (*bios*, *uefi*, *hybrid*, *lvm*, *server*), or a YAML file in diskimage-builder's block-device language. A relative path is relative to the configuration file that names it. **image-factory layout show** prints what becomes of it.",
    defaultDoc: 'what the answer file says',
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
  group: option(type.commaList, {
    group: 'software',
    doc: 'Groups of packages that the image consists of, or has in addition to what an installer brings, but not to a **parent**: sections *[group NAME]*, or the shipped ones *minimal*, *base*, *server*, *cloud* and *container*. See **image-factory-packages**(7).',
    default: '',
  }),
  flavors: option(type.commaList, {
    group: 'software',
    doc: 'Flavors in which the image is built, each as *IMAGE@FLAVOR*: sections *[flavor NAME]*.',
    default: '',
  }),
  options: option(type.text, {
    group: 'software',
    doc: 'What the image has, and with *!* what it has not, for the guards of groups: *!kernel, docs*. A flavor says it more precisely.',
    default: '',
  }),
  'package-lock': option(type.oneOf('use', 'required', 'ignore'), {
    group: 'software',
    doc: 'Whether the package lock of the image counts: *use* it where there is one, *required* ends a build without one, *ignore* takes the newest packages.',
    default: 'use',
  }),
  'package-sources': option(type.text, {
    group: 'software',
    doc: 'Where the packages of **group** come from, one archive a line: *URL SUITE COMPONENT*… Package locks name the suites and not the URLs, so you may move to another mirror.',
    default: '',
  }),
  'package-keyring': option(type.path, {
    group: 'verification',
    doc: 'The OpenPGP keys that may sign **package-sources**. No other keys are trusted.',
    defaultDoc: 'the keys that apt trusts on this machine',
  }),
  'package-archives': option(type.text, {
    group: 'software',
    doc: 'Where to look for packages that a package lock names and **package-sources** no longer have: one URL a line, such as that of a dated archive, below which the packages lie as in the mirror. Of a line that begins with the name of a suite, this suite only.',
    default: '',
  }),
  cache_dir: option(type.directory, {
    group: 'installer',
    doc: 'The netboot cache. Images may share it: it keeps one copy of each URL, and links it into the directory of each image that uses it.',
    defaultDoc: '*~/.cache/image-factory*, and */var/cache/image-factory* for root',
    flag: { short: 'c', long: 'cache-dir' },
  }),
  data_dir: option(type.directory, {
    group: 'answer-file',
    doc: 'The directory to search for answer files with a relative name, after the current directory and before the templates that ship with image-factory.',
  }),
  'store-dir': option(type.directory, {
    group: 'output',
    doc: 'The store of layers, which holds the file systems of images that others are made from; see **image-factory-layers**(7). The environment variable **IMAGE_FACTORY_STORE_DIR** takes precedence over the configuration.',
    defaultDoc: '*~/.local/share/image-factory*, and */var/lib/image-factory* for root',
    flag: { long: 'store-dir' },
  }),
  'output-dir': option(type.directory, {
    group: 'output',
    doc: 'The directory for the artifacts of a build.',
    default: '.',
    flag: { short: 'o', long: 'output-dir' },
  }),
  'http-directory': option(type.directory, {
    group: 'answer-file',
    doc: 'A directory that the installer can reach over HTTP while it runs. Templates see its address as *http-url* and *http-host*.',
  }),
  'virt-type': option(type.oneOf('auto', 'kvm', 'qemu'), {
    group: 'machine',
    doc: "How the virtual machine runs: with the hardware's help (*kvm*) or in software (*qemu*). *auto* uses KVM if a test guest runs with it on this machine.",
    default: 'auto',
    flag: { long: 'virt-type' },
  }),
  connect: option(type.libvirtUri, {
    group: 'machine',
    doc: 'The libvirt connection. *qemu:///system* is for root only: there, the console log and the disk belong to root, so a build by a normal user is refused.',
    defaultDoc: '*qemu:///session*, and *qemu:///system* for root',
  }),
  osinfo: option(operatingSystem, {
    group: 'machine',
    doc: 'The operating system, as **virt-install --osinfo** takes it.',
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
    doc: 'What to do before a build if the disk, which is a sparse file, could outgrow the free space: *warn* prints the needed and the free space, *error* ends the build, *off* does not check. With *warn*, the build still ends if not even a small system fits.',
    default: 'warn',
  }),
  'boot-test': option(type.bootTest, {
    group: 'boot-test',
    doc: "What the finished image must show in a virtual machine before it gets its name: *login*, a login prompt; *ssh*, an SSH server; *agent*, an answer of qemu-guest-agent; *healthy*, a system that has come up without a failed unit, as qemu-guest-agent tells; *off*, nothing. Anything else is a command that must succeed; *%h* and *%p* in it are the host and port that lead to the guest's SSH port. See **BOOT TEST**.",
    default: 'login',
    flag: { long: 'boot-test', negatable: true },
  }),
  'boot-test-firmware': option(type.oneOf('auto', 'bios', 'uefi', 'uefi-secure', 'both'), {
    group: 'boot-test',
    doc: 'The firmware that the boot test starts the image with: *bios*, *uefi*, *uefi-secure*, or *both*, first the BIOS and then UEFI. *auto* uses each for which the disk has a boot loader.',
    default: 'auto',
  }),
  'boot-test-disk': option(type.listOf(...(Object.keys(diskDevices) as DiskName[])), {
    group: 'boot-test',
    doc: "The disks to boot the image from, once each, separated by commas: *virtio*, *scsi* (virtio-scsi), *nvme*, *sata* (AHCI), *pvscsi* (VMware's). An image whose initramfs has only the drivers of the machine of its installation boots from no other.",
    default: 'virtio',
    flag: { long: 'boot-test-disk' },
  }),
  'boot-test-net': option(type.listOf(...netDevices), {
    group: 'boot-test',
    doc: 'The network cards to boot the image with, separated by commas: *virtio*, *e1000*, *e1000e*, *vmxnet3*, *rtl8139*. A login prompt does not tell whether the network works; let **boot-test** ask for it by SSH.',
    default: 'virtio',
  }),
  'boot-test-machine': option(type.listOf(...machineTypes()), {
    group: 'boot-test',
    doc: `The machines to boot the image on, as QEMU calls them, separated by commas: *${plainMachine}* with PCI, or *${expressMachine}* with PCI Express. Secure Boot always takes *${expressMachine}*. Architectures other than amd64 have one machine each.`,
    defaultDoc: 'that of the installation',
  }),
  'boot-timeout': option(type.duration, {
    group: 'boot-test',
    doc: 'How long the image may take to show what **boot-test** asks for, from the start of the virtual machine; each time, if it boots several times.',
    defaultDoc: '*5m*, and *15m* without KVM',
    flag: { long: 'boot-timeout' },
  }),
  distribution: option(type.text, {
    group: 'output',
    doc: 'Name of the distribution, for **image-factory list**.',
    defaultDoc: "derived from the section's name",
  }),
  'end-of-life': option(type.date, {
    group: 'output',
    doc: "The last day of the release's support. After it, **list** marks the image, and **validate** and builds warn: no security updates come any more, and mirrors drop the release. Empty: not known, or none.",
  }),
  'end-of-life-source': option(type.uri, {
    group: 'output',
    doc: 'Where **end-of-life** was taken from.',
  }),
  'installed-for-real': option(type.date, {
    group: 'output',
    doc: 'The day on which the shipped image was last installed and booted for real, for **list**. It goes for the shipped section alone, not for those that are like it.',
  }),
  'installer-logs': option(type.boolean, {
    group: 'log',
    doc: "Print the installer's own logs before they are removed from the image.",
    default: 'no',
    flag: { long: 'installer-logs', negatable: true },
  }),
  'root-partition': option(type.volume, {
    group: 'disk',
    doc: 'The partition, by its number, or the logical volume, as *GROUP/VOLUME*, that holds the root file system of the installed system, for a disk where image-factory cannot find it. You may also give it with **--resume**.',
    defaultDoc: 'the one that contains a root directory',
    flag: { long: 'root-partition' },
  }),
  golden: option(type.oneOf('fix', 'warn', 'error', 'off'), {
    group: 'golden',
    doc: 'What to do about what machines from the image would share, or carry along from the build: *fix* repairs what can be repaired without booting, and warns of the rest; *warn* repairs nothing and warns; *error* repairs nothing and ends the build; *off* does not look. See **GOLDEN IMAGES**.',
    default: 'fix',
    flag: { long: 'golden' },
  }),
  'golden-except': option(type.commaList, {
    group: 'golden',
    doc: 'Rules that do not count for this image, by their names in **GOLDEN IMAGES**, separated by commas.',
    default: '',
  }),
  'log-file': option(type.boolean, {
    group: 'log',
    doc: 'Also write the log to a file.',
    default: 'no',
    flag: { long: 'log-file', negatable: true },
  }),
  'log-filename': option(type.path, {
    group: 'log',
    doc: 'The file to write the log to.',
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
    doc: 'Write a provenance beside the image: an in-toto statement with SLSA provenance that names netboot files, answer file and mirrors.',
    default: 'yes',
  }),
  'builder-id': option(type.uri, {
    group: 'documents',
    doc: 'The URI that identifies this machine in the provenance.',
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
  bundles: option(type.commaList, {
    group: 'bundles',
    doc: 'Targets to write the finished image for, separated by commas: *qcow2*, *ova*, *azure*, *oci* and others; **image-factory bundle --list** lists them, a section [bundle *NAME*] makes one. Each gets a checksum, and a signature where the image has one.',
    default: '',
    flag: { long: 'bundles' },
  }),
  'bundle-test': option(type.oneOf('boot', 'compare', 'off'), {
    group: 'bundles',
    doc: 'How bundles that are disks are proven: *boot* compares each with the disk of the image, and starts it where **boot-test** is on and QEMU can read it; *compare* only compares; *off* does neither.',
    default: 'boot',
  }),
  upload_destinations: option(type.commaList, {
    group: 'upload',
    doc: 'Sections of the destinations to upload the finished image to, separated by commas. Empty means no upload.',
    default: '',
  }),
  'pre-build-command': option(type.shellWords, {
    group: 'hooks',
    doc: 'A command to run before anything else, for example to make the netboot files. It is split into words as a shell does, and run without a shell.',
  }),
  'post-build-command': option(type.shellWords, {
    group: 'hooks',
    doc: "A command to run after a successful build, in the output directory, with the image's file name as its last argument. It is split into words as a shell does, and run without a shell.",
  }),
} as const satisfies Record<string, Option<unknown>>;

/** Options of a section that describes a destination. */
export const destinationOptions = {
  upload_type: option(type.oneOf('rsync', 'sftp', 'rclone', 'oci'), {
    group: 'upload',
    doc: 'How to upload: by *rsync*, by *sftp*, by *rclone* (S3, Swift, Google Cloud Storage, Azure, WebDAV and others), or, of the container images among the bundles, to a registry (*oci*).',
  }),
  upload_target: option(type.text, {
    group: 'upload',
    doc: 'Where to upload: for rsync, its last argument; for SFTP, *[user@]host:/directory/* or *sftp://[user@]host[:port]/directory/*; for rclone, *remote:path*, with a remote of its configuration; for a registry, *registry/name:tag*, or a place as skopeo names it. In the last, *{image}* stands for *IMAGE-DATE*, and *{date}* for the date.',
  }),
  upload_artifacts: option(type.oneOf('image', 'all'), {
    group: 'upload',
    doc: 'What to upload: the image and its checksum (*image*), or also its documents and signatures (*all*).',
    defaultDoc: '*all* if the image is signed, else *image*, as the Python image-factory did',
  }),
  upload_args: option(type.shellWords, {
    group: 'rsync',
    doc: 'Additional arguments for rsync, such as *--progress*, for **rclone copyto**, or for **skopeo copy**, such as *--dest-authfile*.',
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
    doc: "A command to run after a successful upload. *${image}* stands for the image's file name. It is split into words as a shell does, and run without a shell. More commands go into **post-upload-command1**, **post-upload-command2** and so on.",
  }),
} as const satisfies Record<string, Option<unknown>>;

/** Numbered options. The tables above hold them once: `post-upload-command` and `post-upload-command1`, 2, 3, … */
export const numberedOption = 'post-upload-command';
