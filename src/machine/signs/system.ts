import type { Sign } from './sign.js';

const counts = 'both';

const shell = (pattern: RegExp, means: string, advice?: string): Sign => ({
  kind: 'shell',
  where: 'line',
  pattern,
  stands: 0,
  counts,
  means,
  ...(advice === undefined ? {} : { advice }),
});

const noSystem = (pattern: RegExp, means: string): Sign => ({
  kind: 'no system',
  where: 'line',
  pattern,
  stands: 0,
  counts: 'boot test',
  means,
});

const trouble = (pattern: RegExp, means: string, advice?: string): Sign => ({
  kind: 'trouble',
  where: 'line',
  pattern,
  stands: 0,
  counts,
  means,
  ...(advice === undefined ? {} : { advice }),
});

/** Kernel, initramfs and systemd: what an installer runs on, and what it installs. */
export const systemSigns: readonly Sign[] = [
  // Linux, kernel/panic.c. Seen
  {
    kind: 'panic',
    where: 'line',
    pattern: /Kernel panic - not syncing/,
    stands: 0,
    counts,
    means: 'the kernel panicked',
  },
  // Linux, kernel/reboot.c. Seen
  {
    kind: 'halted',
    where: 'line',
    pattern: /^(\[[ .\d]+\] )?(reboot: )?(Power off not available: )?System halted( instead)?$/,
    stands: 0,
    counts,
    means: 'the machine halted',
  },
  // systemd, units/halt.target: in order, unlike `systemctl --force halt`, by which dracut ends
  {
    kind: 'complete',
    where: 'line',
    pattern: /Reached target (halt\.target|System Halt)/i,
    stands: 0,
    counts,
    means: 'the system shut down in order',
  },
  // initramfs-tools, scripts/functions (panic), scripts/local: seen, as the prompt of busybox is
  shell(
    /^\(initramfs\)\s*(\[|$)|Dropping to a shell!|^(Rebooting|Halting) automatically due to panic= boot argument/,
    'the initramfs does not find the root file system and is at its shell',
  ),
  // dracut, modules.d/99base/dracut-lib.sh (emergency_shell, die), 98dracut-systemd/dracut-emergency.sh
  shell(
    /^dracut:\S*#|Entering emergency mode\. Exit the shell to continue|dracut: Refusing to continue|^Dropping to debug shell\./,
    'dracut is in its emergency shell',
    'The lines above the shell show what dracut waited for. If the installer could not fetch its live system, check the URL in the kernel arguments, the network and the memory.',
  ),
  // systemd's emergency.service and rescue.service (src/sulogin-shell), and sulogin of util-linux, which they start
  shell(/You are in (emergency|rescue) mode/, 'the system is in emergency or rescue mode'),
  shell(
    /^(Give root password for maintenance|Press Enter for (system )?maintenance)/,
    'the system asks for maintenance',
  ),
  shell(/^Cannot open access to console, the root account is locked/, 'the system is in emergency or rescue mode'),
  // systemd, src/core/job.c: the name of a unit, and its description since release 248
  {
    kind: 'failed unit',
    where: 'line',
    pattern: /^\[(FAILED|DEPEND)\] (Failed to (start|mount|listen on)|Dependency failed for) \S/,
    stands: 0,
    counts,
    means: 'a unit failed',
  },
  // Linux, mm/oom_kill.c
  trouble(
    /Out of memory: Killed process \d+ \(.*?\)|Memory cgroup out of memory/,
    'the kernel killed a program for lack of memory',
    'Raise the option ram.',
  ),
  // Linux, block/blk-core.c, fs/ext4/super.c, fs/xfs/xfs_message.c, kernel/watchdog.c
  trouble(/(I\/O error, dev \w+|EXT4-fs error|XFS \(\w+\): .*(corruption|error))/i, 'a disk or file system has errors'),
  trouble(/watchdog: BUG: soft lockup|blocked for more than \d+ seconds/, 'the machine was too slow for its kernel'),
  // The C library's text of ENOSPC, from whatever program
  trouble(
    /No space left on device/,
    'a file system is full',
    "If it is the installer's memory, raise the option ram; if it is the disk, raise image-size.",
  ),
];

/** Firmware and boot loaders, which an installation started by its kernel does not come to. */
export const firmwareSigns: readonly Sign[] = [
  // The boot code in a partition table: of syslinux (mbr/mbr.S), and of others
  noSystem(
    /^(Missing operating system|Operating system not found|Error loading operating system)/,
    'there is no boot loader',
  ),
  // SeaBIOS, src/boot.c; edk2, MdeModulePkg/Universal/BdsDxe/BdsEntry.c
  noSystem(/No bootable (device|option or device was found)/, 'the firmware finds nothing on the disk that boots'),
  // edk2: after the disk comes the network, NetworkPkg/UefiPxeBcDxe; and then its shell, ShellPkg/Application/Shell
  noSystem(
    /^>>Start (PXE|HTTP Boot) over IPv[46]|^(Shell>|UEFI Interactive Shell v)/,
    'the firmware finds nothing on the disk that boots',
  ),
  // GRUB, grub-core/kern/rescue_reader.c, grub-core/normal/main.c. Seen
  noSystem(/^grub rescue>/, "GRUB does not find its files and is at its rescue prompt ('grub rescue>')"),
  noSystem(/^grub>/, "GRUB does not find its configuration and is at its prompt ('grub>')"),
  // SYSLINUX, core/elflink/load_env32.c and com32/elflink/ldlinux
  noSystem(/^No DEFAULT or UI configuration directive found!/, 'the boot loader does not find its configuration'),
];
