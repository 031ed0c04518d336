import { Argument, Command, Option } from 'commander';
import { programVersion } from '../host/program-directory.js';
import type { CacheFlags } from './cache-flags.js';
import type { CheckFlags } from './check.js';
import type { BuildFlags, FetchFlags } from './build-flags.js';
import type { BundleFlags } from './bundle-flags.js';
import type { Shell } from './completion.js';
import type { DiskFlags } from './disk.js';
import type { DoctorFlags } from './doctor.js';
import { addPackageCommands } from './package-commands.js';
import { helpLayout, helpWidth, showHelp } from './help.js';
import { addDibCommand } from './dib-command.js';
import { addElementCommands } from './element-commands.js';
import { addLayerCommands } from './layer-commands.js';
import type { LayoutFlags } from './layout.js';
import type { ListFlags } from './list.js';
import { checkOptionValues, severalValues } from './option-values.js';
import { addStackpointCommands } from './stackpoint-commands.js';
import { withSettings } from './overrides.js';
import { groupHeading, sectionFlag, sectionFlags } from './section-flags.js';
import type { ShowFlags } from './show.js';
import type { TreeFlags } from './tree.js';
import type { ValidateFlags } from './validate.js';
import type { VerifyFlags } from './verify.js';
import type { WriteFlags } from './write.js';

/** The command line. The code of a command is loaded only when it runs, which keeps `--help` fast. */
export function program(): Command {
  const root = new Command('image-factory');
  root
    .usage('[build] [options] image...\n       image-factory command [options] ...')
    .description(
      'Build golden Linux images: an unattended network installation becomes a clean, compact, checksummed image.',
    )
    .version(programVersion(), '-V, --version')
    .helpOption('-h, --help', 'display help')
    .helpCommand(false)
    .configureHelp(helpLayout(configOption()))
    .configureOutput({ getOutHelpWidth: helpWidth })
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText('after', note("'image-factory help build' lists the options of a build; see also image-factory(1)."));

  root.commandsGroup('Images:');
  const build = withConfig(root.command('build', { isDefault: true }))
    .description("build images ('image-factory debian-13' does, too)")
    .addArgument(new Argument('[image...]', 'sections of the configuration (default: the environment variable IMAGE)'))
    .option('--dry-run', 'print every command that the stages would run, and change nothing')
    .option('--wait', 'wait for another build of the image in the output directory to finish, instead of failing')
    .option('--resume', 'continue an unfinished build after its last completed stage')
    .option('--fail-fast', 'stop after the first image that fails')
    .option('--all', 'build every image of your configuration files')
    .option('--children-of <image>', 'build every image that is derived from this one, to any depth')
    .option('--no-parents', 'do not build parents first: derived images are built on what their parents are')
    .option('--jobs <n>', 'build up to so many images at the same time, as far as memory reaches (default: 1)')
    .addOption(severalValues('--flavor <flavor>', 'build only this flavor of the images; may be given several times'))
    .option('--locked', 'fail where an image, or what it is derived from, has a group and no package lock')
    .option('--unlocked', 'take the newest packages, whatever package locks say');
  withSettings(build);
  for (const option of sectionFlags()) build.addOption(option);
  withLog(build)
    .addOption(
      new Option('--no-upload', 'do not upload the image, and run no post-upload commands').helpGroup(
        groupHeading('upload'),
      ),
    )
    .addHelpText(
      'after',
      note(
        'These options override the section. image-factory.conf(5) documents all options of a section with their defaults; see also image-factory(1).',
      ),
    )
    .action(async (images: string[], flags: BuildFlags, command: Command) =>
      (await import('./build.js')).build(images, flags, command),
    );

  withConfig(root.command('list'))
    .description('list the images of the configuration')
    .addOption(
      new Option(
        '--names [what]',
        'only names, one per line: of the images, of *images* with their flavors, of *groups* or of *flavors*',
      )
        .choices(['images', 'groups', 'flavors'])
        .conflicts('json'),
    )
    .option('--json', 'as JSON')
    .action(async (flags: ListFlags) => (await import('./list.js')).list(flags));

  withSettings(withConfig(root.command('show')))
    .description('show a section with every reference resolved')
    .addArgument(oneImage())
    .option('--effective', 'every option, including defaults, with the file and line that sets it; secrets are masked')
    .option('--json', 'as JSON')
    .action(async (image: string | undefined, flags: ShowFlags) => (await import('./show.js')).show(image, flags));

  withSettings(withConfig(root.command('tree')))
    .description('show parents and children, and what is up to date or why not')
    .argument(
      '[image...]',
      'only these, their parents and their children (default: every image with a parent or a child)',
    )
    .addOption(sectionFlag('--output-dir'))
    .option('--json', 'as JSON')
    .action(async (images: string[], flags: TreeFlags) => (await import('./tree.js')).tree(images, flags));

  withSettings(withConfig(root.command('render')))
    .description('print the answer file, as a build injects it')
    .addArgument(oneImage())
    .option('-o, --output <file>', 'write it to a file instead')
    .action(async (image: string | undefined, flags: { config?: string; output?: string; set?: string[] }) =>
      (await import('./render.js')).render(image, flags),
    );

  withSettings(withConfig(root.command('validate')))
    .description('check configuration and answer files')
    .argument('[image...]', 'sections of the configuration (default: the environment variable IMAGE, else all images)')
    .option('--online', 'also check that kernels, initrds, checksum lists and repositories still exist')
    .option('--schema-dir <dir>', "the directory of the validators' schemas; see VALIDATION in image-factory(1)")
    .addOption(new Option('--format <format>', 'the format of the result').choices(['text', 'json']).default('text'))
    .addOption(new Option('--json', 'the same as --format json').implies({ format: 'json' }))
    .action(async (images: string[], flags: ValidateFlags) => (await import('./validate.js')).validate(images, flags));

  withLog(withSettings(withConfig(root.command('fetch'))))
    .description('fill the netboot cache: installer kernel and initrd')
    .addArgument(oneImage())
    .addOption(sectionFlag('--cache-dir'))
    .action(async (image: string | undefined, flags: FetchFlags) => (await import('./fetch.js')).fetch(image, flags));

  withConfig(root.command('cache'))
    .description('list the files of the netboot cache, or what is kept of packages, or remove them')
    // What is none of them is told by the command itself, with the nearest one.
    .addArgument(new Argument('<action>', 'what to do').choices(['list', 'clean']).argParser((word) => word))
    .argument('[image...]', 'only files that these images use (default: all files)')
    .addOption(sectionFlag('--cache-dir'))
    .option('--packages', 'what is kept of packages, instead of the files of the netboot cache')
    .option('--json', 'list: as JSON')
    .option('--older-than <duration>', 'clean: only files not used for that long, such as 30d')
    .option('--dry-run', 'clean: print the files that would be removed, and remove nothing')
    .action(async (action: string, images: string[], flags: CacheFlags) =>
      (await import('./cache.js')).cache(action, images, flags),
    );

  withoutConfig(root.command('layout'))
    .description('show what becomes of a layout, or list them')
    .addArgument(new Argument('<action>', 'what to do').choices(['show', 'list']).argParser((word) => word))
    .argument('[layout]', 'show: the name of a shipped layout, or a YAML file')
    .addOption(new Option('--size <size>', 'show: the size of the disk, as for image-size'))
    .option('--json', 'as JSON')
    .action(async (action: string, name: string | undefined, flags: LayoutFlags) =>
      (await import('./layout.js')).layout(action, name, flags),
    );

  withLog(withoutConfig(root.command('disk')))
    .description('make a raw disk from a layout and a directory tree')
    .addArgument(new Argument('<action>', 'what to do').choices(['make']).argParser((word) => word))
    .argument('<output>', 'the file of the disk')
    .option('--layout <name>', 'a shipped layout, such as hybrid, or a YAML file')
    .option('--tree <dir>', 'the system that the disk is to hold, as mmdebstrap makes it')
    .option('--size <size>', 'the size of the disk, where the layout gives none')
    .addOption(
      new Option('--boot-loader <loader>', "which of the tree's boot loaders is put on the disk")
        .choices(['auto', 'grub', 'systemd-boot', 'none'])
        .default('auto'),
    )
    .option('--kernel-options <words>', "further words of the kernel's command line, such as 'quiet'")
    .option('--force', 'replace the output')
    .action(async (action: string, output: string, flags: DiskFlags) =>
      (await import('./disk.js')).disk(action, output, flags),
    );

  root.commandsGroup('Finished images:');
  withoutConfig(root.command('verify'))
    .description('check images against their checksums and signatures')
    .argument('<file...>', 'the image')
    .addOption(
      severalValues('--keyring <file>', 'trusted OpenPGP keys; a signature by one of them must then cover every file'),
    )
    .addOption(severalValues('--allowed-signers <file>', 'the same for SSH keys, in the format of ssh-keygen(1)'))
    .option('--require-signature', 'reject images that are not signed, with or without a keyring')
    .addOption(new Option('-q, --quiet', 'print only rejected images').conflicts('json'))
    .option('--json', 'as JSON')
    .action(async (files: string[], flags: VerifyFlags) => (await import('./verify.js')).verify(files, flags));

  withConfig(root.command('check'))
    .description('check what machines from an image would share')
    .argument(
      '[image|file...]',
      'image files, or names of images in the configuration, of which the newest one built is meant',
    )
    .option('--fix <file>', 'write a repaired copy of the image to a new file; what only you can decide is left')
    .addOption(severalValues('--except <rule>', 'a rule that does not count'))
    .option('--root-partition <number>', 'the partition with the root file system, where it cannot be told')
    .addOption(sectionFlag('--output-dir'))
    .addOption(new Option('-q, --quiet', 'print only errors and warnings').conflicts('json'))
    .option('--json', 'as JSON')
    .action(async (named: string[], flags: CheckFlags) => (await import('./check.js')).check(named, flags));

  withLog(withConfig(root.command('write')))
    .description('write an image onto a disk of this machine')
    .argument('<image|file>', 'the image: a section of the configuration, for its newest one, or a file')
    .argument('<device>', 'the disk, such as /dev/sdb or a name below /dev/disk/by-id')
    .option('-y, --yes', 'do not ask')
    .option('--resume', 'continue an unfinished write of the image onto this device')
    .option('--discard', 'discard everything on the device first, also behind the end of the image')
    .option('--no-verify', 'do not read back what was written')
    .option('--to-file', 'write onto a regular file, which is made if it is not there; needs no root')
    .action(async (image: string, device: string, flags: WriteFlags) =>
      (await import('./write.js')).write(image, device, flags),
    );

  withConfig(root.command('bundle'))
    .description('write an image, a disk or a layer for other platforms')
    .argument('[image|file]', 'the image: a section of the configuration, for its newest one; a disk; or a layer')
    .argument('[target...]', 'what to write it for, such as ova, azure, oci')
    .option('--list', 'list the targets')
    .addOption(sectionFlag('--output-dir'))
    .option('--force', 'replace what is there')
    .option('--layout <name>', 'of files that become a disk: a shipped layout, such as hybrid, or a YAML file')
    .option('--size <size>', 'the size of that disk, where the layout gives none')
    .addOption(
      new Option('--boot-loader <loader>', "which of the files' boot loaders is put on that disk")
        .choices(['auto', 'grub', 'systemd-boot', 'none'])
        .default('auto'),
    )
    .option('--store-dir <dir>', 'the store of layers')
    .option('--json', 'as JSON')
    .option('-v, --verbose', 'log every command')
    .addOption(new Option('--targets-file <file>', 'targets in JSON').hideHelp())
    .addOption(new Option('--work-dir <dir>', 'where unfinished bundles lie').hideHelp())
    .addOption(new Option('--as <name>', 'what the names of all files begin with').hideHelp())
    .addOption(new Option('--image-file <file>', 'the image, which stays as it is').hideHelp())
    .action(async (source: string | undefined, targets: string[], flags: BundleFlags) =>
      (await import('./bundle.js')).bundle(source, targets, flags),
    );

  root.commandsGroup('Elements and packages:');
  const element = root.command('element').description("list, show and check diskimage-builder's elements");
  addElementCommands(element);
  addDibCommand(root);
  const group = addPackageCommands(root);

  root.commandsGroup('Layers:');
  const layer = root.command('layer').description('make, change, compare and check layers of files');
  addLayerCommands(layer);
  const stackpoint = root.command('stackpoint').description('show layers at places that cut over and fall back');
  addStackpointCommands(stackpoint);
  root
    .command('stacko')
    .description('run the commands of Stacko, in its own words')
    .argument('[words...]', 'a command of Stacko and its arguments')
    .helpOption(false)
    .allowUnknownOption()
    .action(async (_words: string[], _flags: object, command: Command) =>
      (await import('./stacko.js')).stacko(command.args),
    );

  root.commandsGroup('This machine:');
  withConfig(root.command('doctor'))
    .description('list what this machine lacks for building')
    .option('--json', 'as JSON')
    .option('--arch <arch>', 'for images of this architecture, whatever the configuration has')
    .action(async (flags: DoctorFlags) => (await import('./doctor.js')).doctor(flags));

  withoutConfig(root.command('completion'))
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: Shell) => (await import('./completion.js')).completion(shell, root));

  withoutConfig(root.command('help'))
    .description('display help for a command')
    .argument('[command]', 'the command (default: all of them)')
    .action((name: string | undefined) => showHelp(root, name));

  for (const command of [
    ...root.commands,
    ...element.commands,
    ...layer.commands,
    ...stackpoint.commands,
    ...group.commands,
  ]) {
    command.exitOverride();
    checkOptionValues(command);
  }
  return root;
}

function oneImage(): Argument {
  return new Argument('[image]', 'section of the configuration (default: the environment variable IMAGE)');
}

function configOption(): Option {
  return new Option('--config <file>', 'read only this configuration file');
}

function withLog(command: Command): Command {
  const logging = [
    new Option('--log-format <format>', 'the format of the log').choices(['text', 'json']).default('text'),
    new Option('-v, --verbose', 'log every command').conflicts('quiet'),
    new Option('-q, --quiet', 'log only warnings and errors'),
  ];
  for (const option of logging) command.addOption(option.helpGroup(groupHeading('log')));
  return command;
}

function withConfig(command: Command): Command {
  return command.addOption(configOption());
}

/** Accepts `--config` for a command that reads no configuration: every command takes it. */
function withoutConfig(command: Command): Command {
  return command.addOption(configOption().hideHelp());
}

/** A note below the help, wrapped like the help. */
function note(text: string): (context: { command: Command }) => string {
  return ({ command }) =>
    `\n${command.createHelp().boxWrap(text, command.configureOutput().getOutHelpWidth?.() ?? helpWidth())}`;
}
