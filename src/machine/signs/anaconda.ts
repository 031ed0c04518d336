import { question, untilAnswered, type Sign } from './sign.js';

const stopped = 'Anaconda stopped: it can not go on with this Kickstart file';
const counts = 'installation';

export const anacondaSigns: readonly Sign[] = [
  // pyanaconda/exception.py (cmdline mode: "The exact error message is: …", then three minutes of sleep), kickstart.py ("An
  // error occurred during reading the kickstart file"), and hardware errors: all end in these words
  { kind: 'failure', where: 'line', pattern: /The installer will now terminate\./, stands: 0, counts, means: stopped },
  // exception.py, text mode; python-meh's meh/ui/text.py
  {
    kind: 'failure',
    where: 'line',
    pattern: /^An unknown error has occur?red/,
    stands: 0,
    counts,
    means: 'Anaconda failed by a fault of its own',
  },
  // startup_utils.py: too little memory, a certificate that can't be had
  {
    kind: 'failure',
    where: 'line',
    pattern: /^The installation cannot continue/,
    stands: 0,
    counts,
    means: 'Anaconda does not start the installation',
    advice: 'If it asks for more memory, raise the option ram.',
  },
  // errors.py, where there is a user interface: "This is a fatal error and installation will be aborted."
  {
    kind: 'failure',
    where: 'line',
    pattern: /This is a fatal error and( the)? installation will be aborted/,
    stands: 5,
    counts,
    means: stopped,
  },
  // tmux, which Anaconda runs in (server-client.c, "Pane is dead"; window.c since 3.3 with status, signal and time): the end
  // of Anaconda. Status 0 comes before a power-off
  {
    kind: 'failure',
    where: 'line',
    pattern: /^Pane is dead \((status [1-9]|signal )/,
    stands: 5,
    counts,
    means: 'Anaconda ended before the installation was complete',
  },
  // tmux before 2.6: no status, and a power-off may take its time
  {
    kind: 'failure',
    where: 'line',
    pattern: /^Pane is dead(?! \((status|signal))/,
    stands: 60,
    counts,
    means: 'Anaconda ended, and the machine still runs',
  },
  // pyanaconda/ui/tui/spokes/installation_progress.py
  {
    kind: 'question',
    where: 'cursor',
    pattern: /Installation complete\. Press ENTER to quit:?$/,
    stands: untilAnswered,
    counts,
    means: 'the installation is complete, and the installer waits for confirmation',
    advice: 'Add the command poweroff to the Kickstart file.',
  },
  // python-simpleline, simpleline/render/prompt.py: "Please make a selection from the above ['c' to continue, …]: ", in the
  // language of the Kickstart file
  question('cursor', /Please make a selection from the above.*:$|\['\S+' [^\]]*\]\s?:$/),
  // The same, adv_widgets.py: "Please respond 'yes' or 'no': ", whether to ignore an error and go on
  question('cursor', /['"«„‘‹]\p{L}+['"»“’›] \S+ ['"«„‘‹]\p{L}+['"»“’›]\s?:$/u),
  // python-meh, meh/ui/text.py
  question('cursor', /Please make your choice from above:$/),
  // simpleline (adv_widgets.py, screen/__init__.py), startup_utils.py, python-meh
  question('cursor', /^(Press|Hit) \[?(ENTER|Enter)\]? to \w+( your system)?[.:]?$|\bENTER\b.*:$/),
  // simpleline, adv_widgets.py; pyanaconda/ui/tui/tuiobject.py
  question('cursor', /^(Passphrase|Password|Password \(confirm\)):$/),
  // The prompt of a shell in Anaconda's system
  question('cursor', /^\[(anaconda(:\w+)? )?root@\S+ .*\]#$/, 'Anaconda runs a shell.'),
  // pyanaconda/ui/tui/spokes/installation_progress.py
  { kind: 'complete', where: 'line', pattern: /^Installation complete$/, stands: 0, counts, means: 'Anaconda is done' },
  // dracut/anaconda-lib.sh, anaconda-error-reporting.sh: why stage 2 could not be had
  {
    kind: 'trouble',
    where: 'line',
    pattern: /anaconda: failed to fetch stage2 from \S+|Couldn't mount \S+|unknown network repository URL: \S+/,
    stands: 0,
    counts,
    means: 'the system that Anaconda runs in could not be fetched',
  },
];
