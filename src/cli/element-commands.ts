import { Command, Option } from 'commander';
import type { ElementFlags } from './element.js';

const code = () => import('./element.js');

/** Adds the commands for elements. Their code is loaded when one runs. */
export function addElementCommands(element: Command): void {
  verb(element, 'list', 'list the elements that can be named')
    .addOption(new Option('--names', 'only their names, one per line').conflicts('json'))
    .action(async (flags: ElementFlags) => (await code()).list(flags));
  verb(element, 'show', 'show what elements make of a build: all that they depend on, hooks in order, packages')
    .argument('<element...>', 'the elements, as the option elements has them')
    .addOption(onSystem())
    .action(async (names: string[], flags: ElementFlags) => (await code()).show(names, flags));
  verb(element, 'check', 'find what can not work in elements, and what would silently do nothing')
    .argument('[element...]', 'the elements together, as a build has them (default: every element by itself)')
    .addOption(onSystem())
    .action(async (names: string[], flags: ElementFlags) => (await code()).check(names, flags));
}

function verb(element: Command, name: string, description: string): Command {
  return element
    .command(name)
    .description(description)
    .option('--element-path <dir>', 'directories of elements, separated by colons (default: that of [DEFAULT])')
    .option('--json', 'as JSON')
    .addOption(new Option('--config <file>', 'read only this configuration file').hideHelp());
}

function onSystem(): Option {
  return new Option('--on <system>', "the parent's distribution and codename").default('debian/trixie');
}
