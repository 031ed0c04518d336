import { Command, Option } from 'commander';
import type { BootstrapFlags } from './bootstrap.js';
import type { DiffFlags } from './diff.js';
import type { GroupFlags } from './group.js';
import type { LockFlags, WhyFlags } from './lock.js';
import type { PromoteFlags } from './promote.js';
import { severalValues } from './option-values.js';
import { sectionFlag } from './section-flags.js';

/** Adds the commands for packages. @returns the one that has commands itself */
export function addPackageCommands(root: Command): Command {
  const group = root.command('group').description('show groups of packages, as an image or a flavor has them');
  group
    .command('show')
    .description('list the packages of a group, each with the groups that ask for it, and what is left out')
    .argument('<group>', 'the name of the group')
    .addOption(new Option('--flavor <flavor>', 'the flavor, a section [flavor NAME]'))
    .option('--image <image>', 'as this image has it')
    .option('--arch <arch>', 'for this architecture')
    .option('--json', 'print the result as JSON')
    .addOption(new Option('--config <file>', 'read only this configuration file').hideHelp())
    .action(async (name: string, flags: GroupFlags) => (await import('./group.js')).showGroup(name, flags));
  group
    .command('list')
    .description('list the groups and the flavors of the configuration')
    .option('--json', 'print the result as JSON')
    .addOption(new Option('--config <file>', 'read only this configuration file').hideHelp())
    .action(async (flags: GroupFlags) => (await import('./group.js')).listGroups(flags));

  withConfig(root.command('lock'))
    .description('lock the exact packages of an image, and fetch them')
    .usage('[options] image...\n       image-factory lock fetch [options] image...')
    .argument(
      '[image...]',
      'images, all flavors of each, or IMAGE@FLAVOR; after fetch: whose locked packages are fetched',
    )
    .addOption(flavors())
    .option('--arch <arch>', 'for this architecture instead of the section’s: locks/IMAGE.ARCH.json')
    .option('--update [package...]', 'take the newest versions, of all packages or of these and what must follow')
    .option(
      '--from-image <file>',
      'also lock what the installer added to this image of the section: an image with its manifest, a manifest or a bill of materials',
    )
    .option('--check', 'only compare the lock with the configuration: exit status 1 if it is stale or not there')
    .option('--no-fetch', 'do not fetch the packages themselves')
    .addOption(sectionFlag('--cache-dir'))
    .option('--json', 'print the result as JSON')
    .option('-v, --verbose', 'log every command')
    .action(async (words: string[], flags: LockFlags) => (await import('./lock.js')).lock(words, flags));

  withConfig(root.command('bootstrap'))
    .description('make the tree of an image from its package lock, without an installer and without root')
    .argument('<image>', 'an image with a group, or IMAGE@FLAVOR')
    .argument(
      '<target>',
      'the directory to make, or an archive: a name that ends in .tar, .tar.gz, .tar.xz or .tar.zst',
    )
    .addOption(new Option('--flavor <flavor>', 'the flavor, a section [flavor NAME]'))
    .option('--locked', 'fail where there is no package lock')
    .option('--unlocked', 'take the newest packages, whatever the lock says')
    .addOption(sectionFlag('--cache-dir'))
    .option('-v, --verbose', 'log every command')
    .action(async (image: string, target: string, flags: BootstrapFlags) =>
      (await import('./bootstrap.js')).bootstrapTree(image, target, flags),
    );

  withConfig(root.command('promote'))
    .description('give a finished image and its package lock another name, without building it again')
    .argument('<image>', 'the image, with all its flavors, or IMAGE@FLAVOR')
    .argument('<new>', 'a section that asks for the same packages, or a name: of a channel, such as web-release')
    .addOption(flavors())
    .option('--no-upload', 'upload nothing')
    .addOption(sectionFlag('--output-dir'))
    .addOption(new Option('--log-format <format>', 'the form of the log').choices(['text', 'json']).default('text'))
    .option('-v, --verbose', 'log every command')
    .action(async (image: string, name: string, flags: PromoteFlags) =>
      (await import('./promote.js')).promote(image, name, flags),
    );

  withConfig(root.command('why'))
    .description('say why a package is in a lock, or why it is not')
    .argument('<image>', 'the image, with all its flavors, or IMAGE@FLAVOR')
    .argument('<package>', 'the package')
    .addOption(flavors())
    .option('--json', 'print the result as JSON')
    .action(async (image: string, name: string, flags: WhyFlags) =>
      (await import('./lock.js')).why(image, name, flags),
    );

  withConfig(root.command('diff'))
    .description('compare the packages of two locks, manifests, SBOMs or images')
    .argument('<a>', 'a file, an image file with its manifest beside it, or the name of an image, for its package lock')
    .argument('<b>', 'the same')
    .option('--json', 'print the result as JSON')
    .action(async (a: string, b: string, flags: DiffFlags) => (await import('./diff.js')).diff(a, b, flags));
  return group;
}

function flavors(): Option {
  return severalValues('--flavor <flavor>', 'only this flavor, a section [flavor NAME]; may be given several times');
}

function withConfig(command: Command): Command {
  return command.addOption(new Option('--config <file>', 'read only this configuration file'));
}
