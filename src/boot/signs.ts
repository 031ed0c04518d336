/** What a screen shows of a machine that will never come up by itself, and what that is for people. */
const deadEnds: readonly (readonly [RegExp, string])[] = [
  [/Kernel panic - not syncing/, 'the kernel panicked'],
  [/^(Missing operating system|Operating system not found|Error loading operating system)/, 'there is no boot loader'],
  [/No bootable device/, 'the firmware finds nothing on the disk that boots'], // SeaBIOS
  [/^grub rescue>/, "GRUB does not find its files and is at its rescue prompt ('grub rescue>')"],
  [/^grub>/, "GRUB does not find its configuration and is at its prompt ('grub>')"],
  [/^No DEFAULT or UI configuration directive found!/, 'the boot loader does not find its configuration'], // SYSLINUX
  [/^\(initramfs\)|Dropping to a shell!/, 'the initramfs does not find the root file system and is at its shell'], // initramfs-tools
  [/^dracut:\S*#|Entering emergency mode\. Exit the shell to continue/, 'dracut is in its emergency shell'],
  // systemd's emergency.service and rescue.service, and sulogin, which they start
  [/You are in (emergency|rescue) mode/, 'the system is in emergency or rescue mode'],
  [/^(Give root password for maintenance|Press Enter for (system )?maintenance)/, 'the system asks for maintenance'],
  [/^Cannot open access to console, the root account is locked/, 'the system is in emergency or rescue mode'],
];

/** Why what the screen shows can't become a login any more; undefined if it can. */
export function deadEnd(lines: readonly string[]): string | undefined {
  return deadEnds.find(([sign]) => lines.some((line) => sign.test(line)))?.[1];
}

/** `debian login:`, as getty asks in one of the lines; the kernel may have said something behind it. */
export function loginPrompt(lines: readonly string[]): string | undefined {
  return lines
    .map((line) => /^(?:(?!Last )[\w.-]+ )?login:(?=\s|$)/.exec(line)?.[0])
    .find((prompt) => prompt !== undefined);
}
