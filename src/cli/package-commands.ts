import { Command, Option } from 'commander';
import type { GroupFlags } from './group.js';

/** Adds the commands for packages. @returns the one that has commands itself */
export function addPackageCommands(root: Command): Command {
  const group = root.command('group').description('show groups of packages, as an image or a flavor has them');
  group
    .command('show')
    .description('list the packages of a group, each with the groups that ask for it, and what is left out')
    .argument('<group>', 'the name of the group')
    .addOption(flavor())
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
  return group;
}

function flavor(): Option {
  return new Option('--flavor <flavor>', 'the flavor, a section [flavor NAME]');
}
