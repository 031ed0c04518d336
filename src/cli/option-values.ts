import { InvalidArgumentError, Option, type Command } from 'commander';

/**
 * Rejects an option as the value of another one: that happens if a value is missing, such as an empty shell variable.
 * Also rejects a second value for an option that takes only one.
 */
export function checkOptionValues(command: Command): void {
  for (const option of command.options) {
    if (option.required) checkValue(option, command);
  }
}

function checkValue(option: Option, command: Command): void {
  const { parseArg } = option;
  const isKnown = (value: string) =>
    value === '--help' || command.options.some(({ long, short }) => value === long || value === short);
  option.argParser((value: string, previous: unknown) => {
    if (value.startsWith('-') && (namesFile(option) || isKnown(value))) {
      const file = namesFile(option) ? ` A file of that name is './${value}'.` : '';
      throw new InvalidArgumentError(`Is the value missing?${file}`);
    }
    if (value === '') throw new InvalidArgumentError('The value is empty. Leave the option out to get its default.');
    if (option.long === '--config' && typeof previous === 'string') {
      throw new InvalidArgumentError(`'${previous}' is given as well, but only one file can be read.`);
    }
    return parseArg ? parseArg(value, previous) : value;
  });
}

/** Whether the value is the name of a file or directory: `--config <file>`. */
export function namesFile({ flags }: Option): boolean {
  return /<(?:file|dir)>/.test(flags);
}

const several = new WeakSet<Option>();

/** An option of which all values count, in their order. */
export function severalValues(flags: string, description: string): Option {
  const option = new Option(flags, description).argParser((value: string, values: string[] = []) => [...values, value]);
  several.add(option);
  return option;
}

export function takesSeveral(option: Option): boolean {
  return several.has(option);
}
