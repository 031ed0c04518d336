import type { Command } from 'commander';
import { camelCase, canonical, type Option } from '../config/option.js';
import { imageOptions } from '../config/options.js';
import type { Overrides } from '../config/overrides.js';
import { UsageError } from '../host/failure.js';

/** The flags of a command, as commander returns them. */
export type Flags = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** Adds `--set`, which sets any option of the section for one run. */
export function withSettings(command: Command): Command {
  return command.option(
    '--set <option=value>',
    'set any option of the section for this run; may be given several times',
    (setting: string, before: readonly string[] | undefined) => [...(before ?? []), setting],
  );
}

/**
 * The options of the section that the command line sets, as they would stand in the section.
 *
 * @throws UsageError for a `--set` without a value, or together with a flag for the same option
 */
export function overridesFrom(flags: Flags): Overrides {
  const byFlag = Object.entries(imageOptions as Record<string, Option<unknown>>).flatMap(([name, { flag }]) => {
    const given = flag && flags[camelCase(flag.long)];
    if (given === undefined || typeof given === 'object') return [];
    return [[name, typeof given === 'boolean' ? (given ? 'yes' : 'no') : given] as const];
  });
  const lock = flags.locked ? 'required' : flags.unlocked ? 'ignore' : undefined;
  if (flags.locked && flags.unlocked) throw new UsageError(['--locked and --unlocked contradict each other']);
  if (lock !== undefined) byFlag.push(['package-lock', lock]);
  const settings = typeof flags.set === 'object' ? flags.set.map(setting) : [];
  const flagged = new Set(byFlag.map(([name]) => canonical(name)));
  const twice = settings.filter(([name]) => flagged.has(canonical(name)));
  if (twice.length > 0) {
    throw new UsageError(
      twice.map(([name]) => `--set ${name}: another flag sets this option as well; give only one of them`),
    );
  }
  return { ...Object.fromEntries(byFlag), ...Object.fromEntries(settings) };
}

function setting(text: string): readonly [string, string] {
  const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (name.trim() === '') throw new UsageError([`--set ${text}: expected OPTION=VALUE, such as 'image-size=10G'`]);
  return [name.trim().toLowerCase(), value.trim()];
}
