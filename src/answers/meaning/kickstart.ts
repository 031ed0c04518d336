import { splitWords } from '../../config/words.js';
import { missingDisk, missingDiskMessage } from './disks.js';
import type { MeaningFinding } from './finding.js';

interface KickstartCommand {
  readonly line: number;
  readonly name: string;
  readonly words: readonly string[];
}

/** Commands of which a second one takes the place of the first (pykickstart's commands that keep no list). */
const single: ReadonlySet<string> = new Set([
  ...['authconfig', 'authselect', 'autopart', 'bootloader', 'clearpart', 'eula', 'firewall', 'firstboot', 'keyboard'],
  ...['lang', 'nfs', 'rootpw', 'selinux', 'services', 'skipx', 'timezone', 'url', 'xconfig', 'zerombr'],
]);

/** How the installation ends: the last of these counts (pykickstart's `reboot`). */
const ends: ReadonlySet<string> = new Set(['poweroff', 'shutdown', 'reboot', 'halt']);

/** Options with names of disks, separated by commas (Red Hat's Kickstart reference). */
const diskOptions: Readonly<Record<string, readonly string[]>> = {
  ignoredisk: ['only-use', 'drives'],
  clearpart: ['drives'],
  part: ['ondisk', 'ondrive', 'onpart', 'usepart'],
  partition: ['ondisk', 'ondrive', 'onpart', 'usepart'],
  bootloader: ['boot-drive', 'driveorder'],
  autopart: ['ondisk'],
};

/** What Anaconda will not do as a Kickstart file means it. */
export function kickstartFindings(text: string): MeaningFinding[] {
  const { commands, isPart } = commandsOf(text);
  const findings: MeaningFinding[] = [];
  const before = new Map<string, KickstartCommand>();
  for (const called of commands) {
    const earlier = before.get(called.name);
    if (single.has(called.name) && earlier && earlier.words.join(' ') !== called.words.join(' ')) {
      findings.push({
        line: called.line,
        message: `${called.name} stands in line ${earlier.line} already, and the last one wins: write one`,
        weight: 'warning',
      });
    }
    before.set(called.name, called);
    for (const option of diskOptions[called.name] ?? []) {
      const disk = missingDisk(valuesOf(called.words, option));
      if (disk !== undefined) {
        const message = missingDiskMessage(`${called.name} --${option}`, disk);
        findings.push({ line: called.line, message, weight: 'error' });
      }
    }
  }
  const end = endFinding(commands, isPart);
  return end ? [...findings, end] : findings;
}

/** Without a word Anaconda halts, and waits for a key ("halt" in Red Hat's Kickstart reference). */
function endFinding(commands: readonly KickstartCommand[], isPart: boolean): MeaningFinding | undefined {
  const last = commands.findLast(({ name }) => ends.has(name));
  const error = (message: string) => ({ line: last?.line, message, weight: 'error' as const });
  if (last?.name === 'halt') return error("halt leaves the machine on and waits for a key: write 'poweroff'");
  if (last?.name === 'reboot' && last.words.includes('--kexec')) {
    return error("reboot --kexec starts the installed system without the machine's end: write 'poweroff'");
  }
  const isWhole = commands.some(({ name }) => /^(autopart|part|partition|clearpart|ignoredisk|logvol)$/.test(name));
  if (last !== undefined || isPart || !isWhole) return undefined;
  return error("neither 'poweroff' nor 'reboot': at the end the installer halts and waits for a key; add 'poweroff'");
}

/** The commands outside of sections; `isPart` where others may come from files that it includes. */
function commandsOf(text: string): { readonly commands: KickstartCommand[]; readonly isPart: boolean } {
  const commands: KickstartCommand[] = [];
  let inSection = false;
  let isPart = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*%(include|ksappend)\b/.test(line)) isPart = true;
    else if (/^\s*%end\b/.test(line)) inSection = false;
    else if (/^\s*%\w/.test(line)) inSection = true;
    if (inSection || /^\s*(?:[#%]|$)/.test(line)) continue;
    const [name, ...words] = wordsOf(line);
    if (name !== undefined) commands.push({ line: index + 1, name, words });
  }
  return { commands, isPart };
}

function wordsOf(line: string): readonly string[] {
  try {
    return splitWords(line);
  } catch {
    // What is wrong with the quotes, ksvalidator tells.
    return line.trim().split(/\s+/);
  }
}

/** The value of `--option=a,b`, and of `--option a,b`. */
function valuesOf(words: readonly string[], option: string): string[] {
  return words.flatMap((word, index) => {
    if (word === `--${option}`) return (words[index + 1] ?? '').split(',');
    return word.startsWith(`--${option}=`) ? word.slice(option.length + 3).split(',') : [];
  });
}
