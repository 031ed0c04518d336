import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a system has that Anaconda installed, as far as the script at the end of an installation looks at it. */
const installed = `
rm -f /usr/sbin/update-grub /usr/sbin/update-initramfs /etc/machine-id
echo 0123456789abcdef0123456789abcdef >/etc/machine-id
mkdir -p /etc/default /etc/NetworkManager/system-connections /etc/yum.repos.d /etc/udev/rules.d /etc/ssh
echo 'GRUB_CMDLINE_LINUX="rhgb quiet"' >/etc/default/grub
touch /etc/NetworkManager/system-connections/ens3.nmconnection /etc/ssh/ssh_host_rsa_key
getent group wheel >/dev/null || groupadd wheel
# The owner of what examples/web/files copies.
getent passwd bob >/dev/null || useradd bob
rm -rf /boot/efi /boot/grub2
mkdir -p /boot/efi/EFI/BOOT /boot/efi/EFI/rocky /boot/grub2 /usr/lib/grub/i386-pc
echo kernelopts=quiet >/boot/efi/EFI/rocky/grubenv
ln -s ../efi/EFI/rocky/grubenv /boot/grub2/grubenv
mkdir /stubs
mkdir -p /sys/block/vdc /etc/dnf /usr/lib/systemd/system /files/srv/www /files/lib
echo image-factory-files >/sys/block/vdc/serial
echo hello >/files/srv/www/hello
tar --create --file /dev/vdc --owner root:0 --group root:0 --directory /files .
touch /usr/lib/systemd/system/sshd.service /usr/lib/systemd/system/chronyd.service
for unit in cloud-init cloud-init-local cloud-final; do touch /usr/lib/systemd/system/$unit.service; done
for program in systemctl grub2-mkconfig grub2-install dracut dnf cloud-init rpm; do
	printf '#!/bin/sh\\necho "\${0##*/} $*" >>/calls\\n' >/stubs/$program
	chmod 755 /stubs/$program
done
printf '#!/bin/sh\\necho 0f5e8a1c\\n' >/stubs/grub2-probe
printf '#!/bin/sh\\necho "$1"\\n' >/stubs/grub2-mkrelpath
chmod 755 /stubs/grub2-probe /stubs/grub2-mkrelpath
`;

/** Keeps what is written in a directory of its own: an overlay over this machine's root, in a namespace of its own. */
const insideOverlay = `
set -eu
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cp "$2/installed" "$2/script" "$1/root/"
chroot "$1/root" /bin/sh -eu /installed
PATH=/stubs:$PATH chroot "$1/root" /bin/bash /script
cp -a "$1/root/etc" "$2/etc"
mkdir "$2/boot"
test -L "$1/root/lib"
cp -a "$1/root/boot/efi" "$1/root/boot/grub2" "$2/boot"
if [ -e "$1/root/calls" ]; then cp "$1/root/calls" "$2/calls"; fi
for made in root/.ssh home srv/www usr/local/sbin post-script-was-here; do
	if [ -e "$1/upper/$made" ]; then mkdir -p "$2/$(dirname "$made")"; cp -a "$1/upper/$made" "$2/$made"; fi
done
`;

/** A copy of this machine's files in which a script ran as root. */
export class Sandbox {
  readonly #directory = mkdtempSync(join(tmpdir(), 'kickstart-post-'));

  /** Runs a script as Anaconda does what stands behind `%post`; nothing of this machine changes. */
  run(script: string): void {
    const overlay = join(this.#directory, 'overlay');
    const results = join(this.#directory, 'results');
    mkdirSync(overlay);
    mkdirSync(results);
    writeFileSync(join(results, 'installed'), installed);
    writeFileSync(join(results, 'script'), script);
    execFileSync(
      'unshare',
      ['--mount', '--propagation', 'private', 'sh', '-c', insideOverlay, 'sh', overlay, results],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
  }

  read(file: string): string {
    return readFileSync(join(this.#directory, 'results', file), 'utf8');
  }

  path(file: string): string {
    return join(this.#directory, 'results', file);
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
