import { question, untilAnswered, type Sign } from './sign.js';

const counts = 'installation';

/** A message of linuxrc, as a word on a line of its window, which wraps at about 50 columns. */
const linuxrc = (pattern: RegExp, means: string, advice?: string): Sign => ({
  kind: 'failure',
  where: 'line',
  pattern,
  stands: 5,
  counts,
  means,
  ...(advice === undefined ? {} : { advice }),
});

export const suseSigns: readonly Sign[] = [
  // linuxrc's linuxrc.c and install.c
  linuxrc(
    /^\W*(No repository found\.\W*$|Please make sure your installation|Choose the URL to retry)/,
    'linuxrc does not find the repository to install from',
    'Check the option tree, which sets the argument install=.',
  ),
  linuxrc(
    /^\W*(An error occurred during the installation\.\W*$|Linuxrc crashed\.)/,
    'the installation ended with an error',
  ),
  linuxrc(
    /^\W*Your computer does not have enough RAM/,
    'there is too little memory for the installer',
    'Raise the option ram.',
  ),
  linuxrc(/^\W*No network device found\.\W*$/, 'linuxrc finds no network card'),
  // linuxrc's linuxrc.c and dialog.c: what it shows where it can't go on by itself
  question('line', /^\W*(Main Menu|Start Installation|Enter the repository URL\.?)\W*$/),
  // linuxrc's dialog.c in line mode, and dracut-cmdline-menu.sh of Agama's live system
  question('end', /0\) <-- Back <--\n[^]*\n>$|\(Enter '\+\+\+' to abort\.\)\n[^]*\n\[.*\]>$/),
  // The same: "*** " begins an error
  { kind: 'trouble', where: 'line', pattern: /^\*\*\* \S.*/, stands: 0, counts, means: 'linuxrc reports an error' },
  // YaST in text mode (yast-ncurses): the buttons of a message. That of a timed one counts down, and changes its window
  {
    kind: 'question',
    where: 'line',
    pattern: /[│|x] +(\[OK\]|\[Yes\] +\[No\]|\[Continue\] +\[(Cancel|Abort)\]|\[Retry\].*)(\[\w+\]| )* *[│|x]/,
    stands: untilAnswered,
    counts,
    means: 'YaST stopped at a message or a question: the AutoYaST profile does not answer it',
  },
  // Agama: its server does not run, so nothing will (rust/share/agama-autoinstall.service, BindsTo=)
  {
    kind: 'failure',
    where: 'line',
    pattern: /\[FAILED\] Failed to start .*agama/i,
    stands: 5,
    counts,
    means: 'Agama could not be started',
  },
  // rust/agama-autoinstall/src/main.rs, on a console that shows the journal: it leaves the machine running
  {
    kind: 'failure',
    where: 'line',
    pattern:
      /agama-autoinstall(\[\d+\])?: .*(Installation failed|Skipping the auto-installation|Could not load configuration)/,
    stands: 5,
    counts,
    means: 'Agama could not install with this profile',
  },
  // rust/agama-lib/src/scripts, live-root/usr/bin/checkmedia-service
  question('cursor', /^Press any key to (continue|halt the system)\.\.\.$/),
];
