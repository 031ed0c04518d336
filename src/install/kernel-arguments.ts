/**
 * The longest command line that a kernel takes, in bytes: COMMAND_LINE_SIZE (2048, its NUL included) in
 * arch/x86/include/asm/setup.h and include/uapi/asm-generic/setup.h of Linux. A longer one is cut, or the machine says no
 * word.
 */
const longestCommandLine = 2047;

/**
 * How many words that mean nothing to the kernel it hands to init: MAX_INIT_ENVS of init/main.c is 32 (INIT_ENV_ARG_LIMIT),
 * and two of its 33 places are taken by HOME and TERM; of the arguments one by init's own name. It panics at the next
 * ("Too many boot env vars").
 */
const mostVariables = 31;
const mostArguments = 32;

/**
 * Words of the kernel's own without a dot, as far as installers are given them (The kernel's command-line parameters).
 * One that lies in a driver has a dot, and is not handed on.
 */
const ofTheKernel = new Set(
  `acpi apparmor apic audit console crashkernel debug dhash_entries earlycon earlyprintk edd efi fbcon hugepages
   hugepagesz hung_task_panic ima_policy init initcall_debug initramfs_async intel_idle intel_iommu iommu ip isolcpus keepinitrd
   kgdboc loglevel log_buf_len lpj lsm maxcpus mce mem mitigations modprobe nfsaddrs nfsroot nmi_watchdog no_timer_check noacpi noapic nohz
   nohz_full nokaslr nolapic nomodeset norandmaps noresume nosmp nosmt notsc nox2apic nr_cpus numa panic panic_on_oops
   pci pcie_aspm possible_cpus printk quiet ramdisk_size random_trust_cpu rcu_nocbs rdinit reboot reserve resume ro
   root rootdelay rootfstype rootflags rootwait rw security selinux slub_debug smp swapaccount
   tsc vga video vmalloc`.split(/\s+/),
);

/** What a kernel would do with a command line that is too long for it; nothing where it takes it. */
export function commandLineProblems(commandLine: string): string[] {
  const problems: string[] = [];
  const bytes = Buffer.byteLength(commandLine);
  if (bytes > longestCommandLine) {
    problems.push(`the kernel arguments have ${bytes} bytes, but a kernel accepts at most ${longestCommandLine}`);
  }
  const { variables, initArguments } = handedToInit(commandLine);
  const tooMany = (count: number, what: string, most: number) =>
    `${count} kernel arguments are ${what} that the kernel does not know; it passes at most ${most} to init, and panics at the next`;
  if (variables > mostVariables) problems.push(tooMany(variables, 'of the form NAME=VALUE', mostVariables));
  if (initArguments > mostArguments) problems.push(tooMany(initArguments, 'single words', mostArguments));
  return problems;
}

/** As `unknown_bootoption` and `set_init_arg` of init/main.c count: of a variable that is set twice, the last counts. */
function handedToInit(commandLine: string): { readonly variables: number; readonly initArguments: number } {
  const words: readonly string[] = commandLine.match(/(?:"[^"]*"|[^\s"])+/g) ?? [];
  const dashes = words.indexOf('--');
  const before = dashes === -1 ? words : words.slice(0, dashes);
  const after = dashes === -1 ? [] : words.slice(dashes + 1);
  const unknown = before.filter((word) => {
    const name = word.replace(/=.*/s, '');
    return !name.includes('.') && !ofTheKernel.has(name);
  });
  const variables = new Set(unknown.filter((word) => word.includes('=')).map((word) => word.replace(/=.*/s, '')));
  return {
    variables: variables.size,
    initArguments: unknown.filter((word) => !word.includes('=')).length + after.length,
  };
}
