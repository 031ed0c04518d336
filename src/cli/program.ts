import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { boolean } from '../config/option-types.js';
import { imageOptions, type Option as ImageOption } from '../config/options.js';
import { programVersion } from '../host/program-directory.js';
import type { BuildFlags } from './build-flags.js';
import type { ValidateFlags } from './validate.js';
import type { VerifyFlags } from './verify.js';

/** The command line. What a command does is loaded when it is called: `--help` answers without it. */
export function program(): Command {
  const root = new Command('image-factory');
  root
    .description(
      'Build golden Linux images: an unattended network installation becomes a clean, compact, checksummed image.',
    )
    .version(programVersion(), '-V, --version')
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      'after',
      () => `\nOptions of build, which may be left out before the image's name:\n${buildOptionsHelp(root)}`,
    );

  const build = withConfig(root.command('build', { isDefault: true }))
    .description("build an image; 'image-factory debian-13' is short for 'image-factory build debian-13'")
    .addArgument(new Argument('[image]', 'section of the configuration (default: the environment variable IMAGE)'));
  for (const option of sectionFlags()) build.addOption(option);
  build
    .option('--dry-run', 'print every command that the stages would run, and touch nothing')
    .option('--wait', 'wait for another build of the image in the output directory, instead of failing')
    .option(
      '--resume',
      'go on with the build of the image that did not come to its end, behind its last finished stage',
    )
    .option('--no-upload', 'leave the image here: no upload, no post-upload commands')
    .addOption(new Option('--log-format <format>', 'how the log is written').choices(['text', 'json']).default('text'))
    .addOption(new Option('-v, --verbose', 'tell every command').conflicts('quiet'))
    .option('-q, --quiet', 'tell only what is wrong')
    .action(async (image: string | undefined, flags: BuildFlags) => (await import('./build.js')).build(image, flags));

  withConfig(root.command('list'))
    .description('list the images of the configuration: name, distribution, kind of answer file')
    .action(async (flags: { config?: string }) => (await import('./list.js')).list(flags));

  withConfig(root.command('show'))
    .description('show a section with every reference resolved')
    .argument('<image>', 'section of the configuration')
    .option('--json', 'as JSON')
    .action(async (image: string, flags: { config?: string; json?: boolean }) =>
      (await import('./show.js')).show(image, flags),
    );

  withConfig(root.command('render'))
    .description('print the answer file as it would be injected')
    .argument('<image>', 'section of the configuration')
    .option('-o, --output <file>', 'write it to a file instead')
    .action(async (image: string, flags: { config?: string; output?: string }) =>
      (await import('./render.js')).render(image, flags),
    );

  withConfig(root.command('validate'))
    .description('check configuration and answer files, these also with the validators of their distributions')
    .argument('[image...]', 'sections of the configuration (default: all images)')
    .option('--online', 'ask as well whether kernels, initrds, checksum lists and repositories are still there')
    .option('--schema-dir <dir>', "where the validators' schemas are: see VALIDATION in image-factory(1)")
    .addOption(new Option('--format <format>', 'how the result is printed').choices(['text', 'json']).default('text'))
    .action(async (images: string[], flags: ValidateFlags) => (await import('./validate.js')).validate(images, flags));

  withConfig(root.command('fetch'))
    .description('fill the netboot cache: installer kernel and initrd')
    .argument('<image>', 'section of the configuration')
    .addOption(cacheDirFlag())
    .action(async (image: string, flags: BuildFlags) => (await import('./fetch.js')).fetch(image, flags));

  root
    .command('verify')
    .description('check downloaded images against the checksum, signatures, manifest, SBOM and provenance beside them')
    .argument('<file...>', 'the image')
    .option('--keyring <file>', 'OpenPGP keys that may have signed; everything must then be covered by their signature')
    .option('--allowed-signers <file>', 'the same for ssh keys, as in ssh-keygen(1)')
    .option('--require-signature', 'reject what is not signed, with or without a keyring')
    .action(async (files: string[], flags: VerifyFlags) => (await import('./verify.js')).verify(files, flags));

  root
    .command('doctor')
    .description('tell what is missing or unusable on this machine for building, and the mend')
    .action(async () => (await import('./doctor.js')).doctor());

  root.commands.forEach((command) => {
    command.exitOverride();
    command.options.filter(({ required }) => required).forEach(refuseOptionAsValue);
  });
  return root;
}

/** Where an option's value is left out, as by an empty variable of a shell, the next option would be taken for it. */
function refuseOptionAsValue(option: Option): void {
  const { parseArg } = option;
  option.argParser((value: string, previous: unknown) => {
    if (value.startsWith('-')) {
      throw new InvalidArgumentError(`Is the value missing? A file of that name is './${value}'.`);
    }
    return parseArg ? parseArg(value, previous) : value;
  });
}

function withConfig(command: Command): Command {
  return command.option('--config <file>', 'read only this configuration file');
}

/** The flags of `build` that set an option of the section for one run, from the option table. */
function sectionFlags(): Option[] {
  return Object.entries(imageOptions as Record<string, ImageOption<unknown>>).flatMap(([, option]) => {
    const { flag, type } = option;
    if (!flag) return [];
    const names = `${flag.short === undefined ? '' : `-${flag.short}, `}--${flag.long}`;
    const help =
      plainText(option.doc) +
      ((option.defaultDoc ?? option.default)
        ? ` (default: ${plainText(option.defaultDoc ?? option.default ?? '')})`
        : '');
    if (type === boolean)
      return [new Option(names, help), new Option(`--no-${flag.long}`, `the opposite of --${flag.long}`)];
    if (flag.negatable) {
      const off = new Option(`--no-${flag.long}`, `the same as --${flag.long} off`);
      return [new Option(`${names} <${type.metavar.toLowerCase()}>`, help), off];
    }
    if ('words' in type) return [new Option(`${names} <${flag.long}>`, help).choices(type.words as string[])];
    return [new Option(`${names} <${type.metavar.toLowerCase()}>`, help)];
  });
}

function cacheDirFlag(): Option {
  return sectionFlags().find(({ long }) => long === '--cache-dir') as Option;
}

/** The table's markdown, as a terminal shows it. */
export function plainText(markdown: string): string {
  return markdown.replace(/\*{1,2}([^*]+)\*{1,2}/g, '$1');
}

function buildOptionsHelp(root: Command): string {
  const build = root.commands.find((command) => command.name() === 'build') as Command;
  const help = build.createHelp();
  help.prepareContext({ helpWidth: process.stdout.columns ?? 80 });
  const width = help.padWidth(build, help);
  return help
    .visibleOptions(build)
    .map((option) => help.formatItem(help.optionTerm(option), width, help.optionDescription(option), help))
    .join('\n');
}
