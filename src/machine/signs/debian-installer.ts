import { question, type Sign } from './sign.js';

// "Seen" means: printed on the serial console of a virtual machine by Debian 12's installer.

export const debianInstallerSigns: readonly Sign[] = [
  // cdebconf, text frontend (src/modules/frontend/text/text.c): every kind of question, errors among them. In English
  // "Prompt: '?' for help, default=1> "; in all of its languages (debconf/text-prompt-default in cdebconf-text-udeb.templates)
  // a question mark in quotation marks, and > at the end. Where the terminal has no such characters, they are question
  // marks, too. Seen
  question('cursor', /\?\s?['"«»“”’?].*>$/),
  // The same: notes and errors that only want to be read, "Installation step failed" among them. In English "[Press enter to
  // continue]" (debconf/cont-prompt). Seen
  question(
    'cursor',
    /^\[[^[\]]*((?<!\p{L})(enter(it|t)?|intro|entr\S{1,2}e|invio|eingabetaste|retur|enigon|entrada|sartu)(?!\p{L})|الإدخال|回车)[^[\]]*\]$/iu,
  ),
  // The same: a password, asked for in any language, below the status line of GNU screen. Seen
  question('end', /^\[ *\(1\*installer\)[^]*\S:$/),
  // cdebconf, newt frontend (src/modules/frontend/newt/newt.c): the title of a dialog has the question's priority, that of a
  // progress bar has none. Seen
  question(
    'line',
    /[┤|+] \[(!!|!|\.|\?)\] \S/,
    'With DEBIAN_FRONTEND=text among the kernel arguments the console shows the steps of the installation as well.',
  ),
  // d-i's own init is that of busybox (init/init.c); only finish-install, or somebody at the menu, asks it for this
  {
    kind: 'complete',
    where: 'line',
    pattern: /^Requesting system (halt|poweroff|reboot)/,
    stands: 0,
    counts: 'installation',
    means: 'the installer ended itself',
  },
];
