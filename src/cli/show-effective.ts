import type { Configuration } from '../config/configuration.js';
import { effectiveOptions, type EffectiveOption, type OptionOrigin } from '../config/effective-options.js';
import { withOverrides, type Overrides } from '../config/overrides.js';
import { isSecret, secretsAsWritten } from '../config/secrets.js';
import { maskOf } from '../host/mask.js';
import { plainText } from './section-flags.js';

/** Prints every option with its value and where that comes from; secrets are masked. */
export function showEffective(
  configuration: Configuration,
  image: string,
  overrides: Overrides,
  mentioned: ReadonlySet<string>,
  json: boolean,
): void {
  const mask = maskOf(secretsAsWritten(withOverrides(configuration.section(image), overrides)));
  const masked = (option: EffectiveOption): EffectiveOption => ({
    ...option,
    value: option.value && (isSecret(option.name) ? '***' : mask(option.value)),
  });
  const options = effectiveOptions(configuration, image, overrides, mentioned).map(masked);
  if (json) {
    console.log(
      JSON.stringify({ [image]: Object.fromEntries(options.map(({ name, ...rest }) => [name, rest])) }, undefined, 2),
    );
    return;
  }
  const origins = options.map(({ origin }) => titleOf(origin));
  const width = Math.max(...origins.map((origin) => origin.length));
  options.forEach((option, index) => console.log(`${(origins[index] ?? '').padEnd(width)}  ${lineOf(option)}`));
}

function lineOf({ name, value, without, problem }: EffectiveOption): string {
  if (problem !== undefined) return `${name}: ${problem}`;
  if (value === undefined) return `${name}${without === undefined ? '' : `: ${plainText(without)}`}`;
  return `${name} = ${value.replaceAll('\n', '\\n')}`;
}

function titleOf(origin: OptionOrigin): string {
  if (origin.from !== 'file') return origin.from;
  const { file, line, like } = origin;
  return `${file}:${line}${like === undefined ? '' : ` (like ${like})`}`;
}
