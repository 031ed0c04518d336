import { expect } from 'chai';
import { execa } from 'execa';
import { needNamespaces } from '../../test/support/namespaces.js';
import { finishKernels, setupHook } from './kernel-scripts.js';

/**
 * The root directory of this machine, with changes that are gone afterwards, two kernels in it, and programs that note how
 * they are called.
 */
const prepare = `set -eu
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work none /mnt/root
mount --rbind /dev /mnt/root/dev
exec chroot /mnt/root sh -eu`;

const kernels = `
mkdir -p /run /boot /etc/depmod.d /etc/kernel/postinst.d /usr/local/sbin
rm -rf /usr/local/sbin/* /usr/lib/modules /etc/kernel/postinst.d/* /etc/depmod.d/* /boot/* /usr/bin/linux-run-hooks
for version in 6.1-a 6.12-b; do
  mkdir -p "/usr/lib/modules/$version"
  : >"/usr/lib/modules/$version/modules.order"
  : >"/boot/vmlinuz-$version"
done
for program in depmod update-initramfs; do
  cat >/usr/local/sbin/$program <<'end'
#!/bin/sh
echo "\${0##*/} $*" >>/calls
case "$*" in
*6.1-a) [ ! -e /broken ] || exit 1 ;;
esac
case $0 in
*/depmod) : >"/lib/modules/$1/modules.dep" ;;
*) : >"/boot/initrd.img-$3" ;;
esac
end
done
printf '#!/bin/sh\\nupdate-initramfs -c -k "$1"\\n' >/etc/kernel/postinst.d/initramfs-tools
chmod +x /usr/local/sbin/* /etc/kernel/postinst.d/*
MMDEBSTRAP_APT_CONFIG=/apt.conf sh -c "$setup" sh ''
PATH=$(sed -n 's/^DPkg::Path "\\(.*\\)";$/\\1/p' /apt.conf)
unpacked() { DPKG_HOOK_ACTION=unpack sh -c "$(sed -n 's/^post-invoke=//p' /etc/dpkg/dpkg.cfg.d/99image-factory)"; }
set_up() { depmod "$1"; update-initramfs -c -k "$1"; }
`;

describe('the scripts that install kernels', () => {
  before(needNamespaces);

  /** The calls, and then what the end of the script prints. */
  async function calls(script: string): Promise<string[]> {
    const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    const input = `${kernels}\n${script}\nunset DPKG_HOOK_ACTION\nsh -euc "$finish"\n[ ! -e /run/image-factory ]
[ ! -e /etc/dpkg/dpkg.cfg.d/99image-factory ]\ncat /calls`;
    const { stdout } = await execa('unshare', [...user, '--mount', 'sh', '-c', prepare], {
      input,
      env: { setup: setupHook, finish: finishKernels },
    });
    return stdout.split('\n').sort();
  }

  it('read the modules of each kernel once, while packages are set up, and make one initial RAM disk at the end', async () => {
    const found = await calls('unpacked; set_up 6.1-a; set_up 6.12-b; update-initramfs -u');
    expect(found).to.deep.equal([
      'depmod 6.1-a',
      'depmod 6.12-b',
      'update-initramfs -c -k 6.1-a',
      'update-initramfs -c -k 6.12-b',
    ]);
  });

  it('let depmod run when it is called once more', async () => {
    const found = await calls('unpacked; set_up 6.1-a; depmod 6.1-a');
    expect(found.filter((line) => line === 'depmod 6.1-a')).to.have.length(2);
  });

  it('let depmod run when modules came later, and where it failed before', async () => {
    const later = await calls('unpacked; : >/usr/lib/modules/6.1-a/new.ko.xz; unpacked; set_up 6.1-a');
    expect(later.filter((line) => line === 'depmod 6.1-a')).to.have.length(2);
    const others = await calls('unpacked; unpacked; set_up 6.1-a');
    expect(others.filter((line) => line === 'depmod 6.1-a')).to.have.length(1);
    const failed = await calls('touch /broken; unpacked; flock /run/image-factory/lock-6.1-a rm /broken; set_up 6.1-a');
    expect(failed.filter((line) => line === 'depmod 6.1-a')).to.have.length(2);
  });

  it('wait for the configuration of depmod', async () => {
    const found = await calls(
      'touch /etc/depmod.d/first.conf.dpkg-new; unpacked; cat /calls || echo none >>/calls; set_up 6.12-b',
    );
    expect(found.slice(0, 2)).to.deep.equal(['depmod 6.12-b', 'none']);
  });

  it('make no initial RAM disk where no package asked for one', async () => {
    expect(await calls('unpacked; depmod 6.1-a; depmod 6.12-b')).to.deep.equal(['depmod 6.1-a', 'depmod 6.12-b']);
  });
});
