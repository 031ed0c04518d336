import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { WatchedConsole } from '../watched-console.js';
import type { SignKind } from './sign.js';
import { signsOf } from './signs.js';

/** Lines as a terminal gets them. */
const lines = (text: string): string => text.replace(/\r?\n/g, '\r\n');

/** A console on which this was printed at second 0, and nothing since. */
async function showing(text: string, what: 'installation' | 'boot test'): Promise<WatchedConsole> {
  const console = new WatchedConsole(signsOf(what));
  await console.write(lines(text), 0);
  return console;
}

interface Case {
  readonly text: string;
  readonly kind: SignKind;
  readonly means: RegExp;
  /** Seconds within which it is known. */
  readonly within: number;
}

const simple = (text: string, kind: SignKind, means: RegExp, within = 20): Case => ({ text, kind, means, within });

/** What each program prints that will not go on by itself. */
const ends: Readonly<Record<string, readonly Case[]>> = {
  'debian-installer, text frontend': [
    simple("  1. Abort\n  2. Retry\nPrompt: '?' for help, default=1> ", 'question', /answer file/),
    simple(
      `!! ERROR: Bad archive mirror\n\nPlease check the specified mirror or try a different one.\n[Press enter to continue] \n`,
      'question',
      /answer file/,
    ),
    simple(
      'An installation step failed. You can try to run the failing item again from the menu,\n[Press enter to continue]',
      'question',
      /answer file/,
    ),
  ],
  'debian-installer, in other languages': [
    'Eingabe: »?« für Hilfe, Standard=1> ',
    'Eingabe: ??? f?r Hilfe> ',
    "Invite: « ? » pour l'aide, défaut=1> ",
    'Ввод: «?» — справка, по умолчанию=1> ',
    '提示：按 "?" 获得帮助，默认值为 1>',
    '[Drücken Sie die Eingabetaste, um fortzufahren] ',
    '[Taper Entr?e pour continuer]\n',
    '[続けるには Enter を押してください]',
    '[按回车键继续]',
    '[Üss entert a folytatáshoz]',
  ].map((text) => simple(text, 'question', /answer file/)),
  'debian-installer, newt frontend': [
    simple(
      '\x1b[H\x1b[J\x1b[8;4H\x1b(0lqqu\x1b(B [!!] Low memory \x1b(0tqqk\x1b(B\x1b[15;36H<Continue>\x1b[15;36H',
      'question',
      /answer file/,
    ),
    simple('\x1b[H\x1b[J\x1b[3;4H| [!] Configure the network |\x1b[5;4H<Go Back>', 'question', /answer file/),
  ],
  'Anaconda, cmdline mode': [
    simple(
      'The exact error message is:\nDisk "sda" given in ignoredisk command does not exist.\nThe installer will now terminate.\n',
      'failure',
      /Kickstart/,
      1,
    ),
    simple(
      'An error occurred during reading the kickstart file:\nUnknown command: lnag\n\nThe installer will now terminate.',
      'failure',
      /Kickstart/,
      1,
    ),
    simple('\n\nPane is dead (status 1, Thu Nov 26 11:00:00 2026)', 'failure', /Anaconda ended/, 5),
    simple('Pane is dead (signal 11, Thu Nov 26 11:00:00 2026)', 'failure', /Anaconda ended/, 5),
    simple('Pane is dead', 'failure', /Anaconda ended/, 60),
    simple(
      'The installation cannot continue and the system will be rebooted\nPress ENTER to continue\n',
      'failure',
      /Anaconda/,
      1,
    ),
  ],
  'Anaconda, text mode': [
    simple(
      "Please make a selection from the above ['c' to continue, 'q' to quit, 'r' to refresh]: ",
      'question',
      /answer/,
    ),
    simple(
      "Would you like to ignore this and continue with installation?\n\nPlease respond 'yes' or 'no': ",
      'question',
      /answer/,
    ),
    simple(
      '==============================\nAn unknown error has occurred\n========\n1) Run shell\nPlease make your choice from above: ',
      'failure',
      /fault/,
      1,
    ),
    simple('Error\n\nFailed to set up the source.\n\nPress ENTER to exit: ', 'question', /answer/),
    simple('Installation complete. Press ENTER to quit: ', 'question', /confirmation/),
    simple('[anaconda root@localhost ~]# ', 'question', /answer/),
    simple('Password: ', 'question', /answer/),
    simple("Bitte treffen Sie eine Auswahl ['c' zum Fortfahren, 'q' zum Beenden]: ", 'question', /answer/),
    simple("Bitte antworten Sie mit 'ja' oder 'nein': ", 'question', /answer/),
    simple('Drücken Sie ENTER zum Beenden: ', 'question', /answer/),
  ],
  dracut: [
    simple(
      '\nEntering emergency mode. Exit the shell to continue.\nType "journalctl" to view system logs.\n\ndracut:/# ',
      'shell',
      /dracut/,
      1,
    ),
    simple(
      '[   12.1] dracut: FATAL: Failed to find a root filesystem\n[   12.1] dracut: Refusing to continue\n',
      'shell',
      /dracut/,
      1,
    ),
    simple(
      "Dropping to debug shell.\n\nsh: can't access tty; job control turned off\ndracut:/# ",
      'shell',
      /dracut/,
      1,
    ),
  ],
  'initramfs-tools and casper': [
    simple(
      'ALERT!  /dev/vda1 does not exist.  Dropping to a shell!\n\nBusyBox v1.35.0 built-in shell (ash)\n(initramfs) ',
      'shell',
      /initramfs/,
      1,
    ),
    simple(
      'wget: server returned error: HTTP/1.1 404 Not Found\nUnable to find a live file system on the network\n',
      'failure',
      /live system/,
      5,
    ),
    simple('Attempt interactive netboot from a URL?\nyes no (default yes): ', 'question', /answer/),
  ],
  subiquity: [
    simple(
      "Malformed autoinstall in 'storage' section\nAn error occurred. Press enter to start a shell\n",
      'failure',
      /subiquity/,
      5,
    ),
    simple('\n\nContinue with autoinstall? (yes|no)\n', 'question', /answer/),
    simple(
      `${' '.repeat(25)}[ Continue in rich mode  > ]\n${' '.repeat(25)}[ Continue in basic mode > ]\n`,
      'question',
      /answer/,
    ),
    simple('                      [ Done       ]\n                      [ Back       ]\n', 'question', /answer/),
  ],
  linuxrc: [
    simple('\n*** No repository found.\n', 'failure', /repository/, 5),
    simple(
      '┌─────────┐\n│ Please make sure your installation medium is  │\n│ available.     │\n',
      'failure',
      /repository/,
      5,
    ),
    simple('*** An error occurred during the installation.\n', 'failure', /ended with an error/, 5),
    simple('\nMain Menu\n\n0) <-- Back <--\n1) Start Installation\n2) Settings\n\n> ', 'question', /answer/),
    simple('  ┌──── Main Menu ────┐\n  │ Start Installation │\n', 'question', /answer/),
    simple('\n\nLinuxrc crashed. :-((\nPress ENTER to continue.\n', 'failure', /error/, 5),
  ],
  YaST: [
    simple(
      ' ┌Error──────────────┐\n │ Could not find it │\n │       [OK]        │\n └───────────────────┘\n',
      'question',
      /AutoYaST/,
    ),
    simple(' │ Abort?            │\n │    [Yes]    [No]  │\n', 'question', /AutoYaST/),
  ],
  Agama: [
    simple('[FAILED] Failed to start agama-web-server.service - Agama Web Server.\n', 'failure', /Agama/, 5),
    simple(
      '[  80.123456] agama-autoinstall[1410]: Skipping the auto-installation: invalid profile\n',
      'failure',
      /Agama/,
      5,
    ),
  ],
  systemd: [
    simple(
      'You are in emergency mode. After logging in, type "journalctl -xb" to view\nsystem logs',
      'shell',
      /emergency/,
      1,
    ),
    simple(
      'Cannot open access to console, the root account is locked.\nSee sulogin(8) man page for more details.\n\nPress Enter to continue.\n',
      'shell',
      /emergency/,
      1,
    ),
    simple('Give root password for maintenance\n(or press Control-D to continue): ', 'shell', /maintenance/, 1),
  ],
  Linux: [
    simple(
      '[    2.1] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n',
      'panic',
      /panicked/,
      1,
    ),
    simple('[  512.000001] reboot: System halted\n', 'halted', /halted/, 1),
    simple('[  512.000001] reboot: Power off not available: System halted instead\n', 'halted', /halted/, 1),
  ],
  'the script of an answer file': [
    simple(
      '\nimage-factory: the script at the end of the installation failed with exit code 3\n',
      'failure',
      /script/,
      1,
    ),
  ],
};

/** What looks like it, and goes on. */
const harmless: readonly string[] = [
  // debian-installer
  'Installing the base system  ... 6%... 13%... 83%',
  '\x1b[H\x1b[J\x1b[8;4H\x1b(0lqqu\x1b(B Installing the base system \x1b(0tqqk\x1b(B\x1b[10;4H 83%\x1b[12;30H<Cancel>',
  "Prompt: '?' for help, default=1> 2\n",
  '[Entering the chroot]\n',
  'Do you like <this>? Nobody asks.\n',
  'Selecting previously unselected package libgpg-error0:amd64.\n',
  // Anaconda
  'Starting installer, one moment...\nanaconda 34.25 for Rocky Linux 9 started.\n * if the graphical installation interface fails to start, try again with the\n   inst.text bootoption to start text installation\n',
  'Some warnings occurred during reading the kickstart file:\nThe install command is deprecated.\n',
  'Installing libgpg-error.x86_64 (44/412)\nInstalling liberror.noarch (45/412)\n',
  'Pane is dead (status 0, Thu Nov 26 11:00:00 2026)',
  'Installation complete\n',
  // dracut: it waits, and may find it after all
  '[  158.073844] dracut-initqueue[395]: Warning: dracut-initqueue timeout - starting timeout scripts\n',
  '         Starting dracut-emergency.service…\n[  OK  ] Stopped target Emergency Mode.\n',
  // initramfs-tools
  'Loading Linux 6.1.0 ...\nLoading initial ramdisk (initramfs) ...\n',
  // subiquity
  'start: subiquity/Error: \nfinish: subiquity/Error/autoinstall: SUCCESS: \nstart: subiquity/Install/install:\n',
  'Configuring the mirror ... [ Done ]\n[ Done         ]\n',
  'curtin command apt-config\n  configuring apt\n',
  // YaST: the buttons below a window that does its work, and a description with brackets
  '│Installing Packages... (12/400)      │\n│ [Help]  [Abort]  [Next]             │\n',
  ' Downloading liberror-perl [OK] \n',
  // linuxrc, and a script that installs
  'No repository found. Trying the next one\n',
  'Did an error occur? An error occurred during the installation. of x\n',
  '>>> Starting linuxrc >>>\nLoading basic drivers... ok\nReading info file: cmdline\n',
  // systemd, SeaBIOS, GRUB
  '[  OK  ] Reached target rescue.target\n[  OK  ] Started Emergency Shell Lock\n',
  '[FAILED] Failed to start foo.service - Foo.\n',
  'SeaBIOS (version 1.16.2)\nBooting from Hard Disk...\nGRUB loading.\nboot: ',
  // what people call things
  'Setting up panic-handler (1.2) ...\nUnpacking system-halted-doc ...\n',
];

describe('the signs on a console', () => {
  for (const [program, cases] of Object.entries(ends)) {
    it(`of ${program} are known within seconds, and not before they must be`, async () => {
      for (const { text, kind, means, within } of cases) {
        const console = await showing(text, 'installation');
        const end = console.endAt(within * 1000);
        expect(end?.sign.kind, text).to.equal(kind);
        expect(end?.sign.means, text).to.match(means);
        if (end !== undefined && end.sign.stands > 0) {
          expect(console.endAt(end.sign.stands * 1000 - 1)?.sign, text).not.to.equal(end.sign);
        }
      }
    });
  }

  it('are none where it only looks like it', async () => {
    for (const text of harmless) {
      for (const what of ['installation', 'boot test'] as const) {
        const end = (await showing(text, what)).endAt(3_600_000);
        expect(end?.text, text).to.equal(undefined);
      }
    }
  });

  it('of a boot are those of firmware and boot loaders as well, and no questions of installers', async () => {
    const screens = {
      'the firmware finds nothing': 'No bootable device.  Retrying in 60 seconds.',
      'the firmware finds nothing on': 'BdsDxe: No bootable option or device was found.',
      'the firmware finds': '>>Start PXE over IPv4.',
      'there is no boot loader': 'Missing operating system.',
      'GRUB does not find its files': 'error: unknown filesystem.\nEntering rescue mode...\ngrub rescue> ',
      'GRUB does not find its configuration': 'grub> ',
    };
    for (const [means, text] of Object.entries(screens)) {
      expect((await showing(text, 'boot test')).endAt(0)?.sign.means, text).to.contain(means);
      expect((await showing(text, 'installation')).endAt(3_600_000), text).to.equal(undefined);
    }
    expect((await showing('Password: ', 'boot test')).endAt(3_600_000)).to.equal(undefined);
  });

  it('are the same for both where they are of kernel, initramfs and systemd', () => {
    const both = (what: 'installation' | 'boot test') => signsOf(what).filter(({ counts }) => counts === 'both');
    expect(both('installation')).to.deep.equal(both('boot test')).and.to.have.length.above(8);
  });

  it('tell that an installation is complete, each by the words of its program', async () => {
    const words = [
      'Requesting system halt',
      'Installation complete',
      '[  OK  ] Reached target halt.target - System Halt.',
    ];
    for (const text of words) expect((await showing(text, 'installation')).complete, text).to.equal(true);
    expect((await showing('dracut: Refusing to continue', 'installation')).complete).to.equal(false);
  });

  it('tell what may be the reason: each unit, and the last line of what comes in thousands', async () => {
    const console = await showing(
      '[FAILED] Failed to start \x1b[1mfoo.service\x1b[0m - Foo.\n[DEPEND] Dependency failed for /data.\n' +
        '[   30.000001] Out of memory: Killed process 812 (dnf) total-vm:1\n[   31.000001] I/O error, dev vda, sector 7\n[   31.000001] I/O error, dev vda, sector 8\n'.repeat(
          2,
        ),
      'boot test',
    );
    expect(console.troubles.map(({ sign, text }) => [sign.kind, text.slice(0, 40)])).to.deep.equal([
      ['failed unit', '[FAILED] Failed to start foo.service - F'],
      ['failed unit', '[DEPEND] Dependency failed for /data.'],
      ['trouble', '[   30.000001] Out of memory: Killed pro'],
      ['trouble', '[   31.000001] I/O error, dev vda, secto'],
    ]);
    expect(console.endAt(3_600_000)).to.equal(undefined);
  });

  it('on consoles of real installers are what they ended with', async () => {
    const recorded = (name: string) => readFileSync(new URL(`../../../test/data/consoles/${name}`, import.meta.url));
    const consoles = {
      'd-i-newt-low-memory.txt': /\[!!\] Low memory/,
      'd-i-newt-bad-mirror.txt': /\[!!\] Choose a mirror/,
      'd-i-text-bad-mirror.txt': /\[Press enter to continue\]/,
    };
    for (const [name, text] of Object.entries(consoles)) {
      const console = new WatchedConsole(signsOf('installation'));
      await console.write(recorded(name), 0);
      expect(console.endAt(19_999), name).to.equal(undefined);
      expect(console.endAt(20_000)?.text, name).to.match(text);
    }
  });
});
