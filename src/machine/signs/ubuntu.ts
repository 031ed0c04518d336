import { question, type Sign } from './sign.js';

const counts = 'installation';

export const ubuntuSigns: readonly Sign[] = [
  // subiquity/client/client.py, noninteractive_watch_app_state: an autoinstall that failed, whatever the reason was
  {
    kind: 'failure',
    where: 'end',
    pattern: /(^|\n)An error occurred\. Press enter to start a shell$/,
    stands: 5,
    counts,
    means: 'the installation with subiquity failed',
  },
  // The same, noninteractive_confirmation: the word of consent is missing. In English "Continue with autoinstall? (yes|no)"
  question('end', /(^|\n)\S.*\? ?\(\p{L}+\|\p{L}+\)$/u),
  // subiquity/ui/views/serial.py, installprogress.py, and the buttons of subiquitycore/ui/buttons.py, in the middle of lines
  // of their own: the installer asks instead of reading its answer file
  question(
    'line',
    /^\s*An error occurred during installation\s*$|^ {8,}\[ (Done|Continue|Continue in (rich|basic) mode|Reboot Now|View full log) +(▸ |> )?\]$/,
    'Where the installer asks for everything, it did not find the answer file on its volume, or could not read it.',
  ),
  // casper, scripts/casper: panic of initramfs-tools, then its shell
  {
    kind: 'failure',
    where: 'line',
    pattern: /Unable to find a (live file system|medium containing a live file system)/,
    stands: 5,
    counts,
    means: 'the initramfs could not fetch or read the live system that the installer runs in',
    advice: 'Check the URL of the ISO (option iso) and the memory (option ram): the ISO must fit into half of it.',
  },
  // The same, since 20.10: "Attempt interactive netboot from a URL?", "yes no (default yes): "
  question('cursor', /\(default (yes|no)\)\s?:$/),
];
