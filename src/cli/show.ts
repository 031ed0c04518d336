import type { Configuration } from '../config/configuration.js';
import { effectiveOptions, type EffectiveOption, type OptionOrigin } from '../config/effective-options.js';
import { withOverrides, unknownOverrides, type Overrides } from '../config/overrides.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { isSecret, secretsAsWritten } from '../config/secrets.js';
import { UsageError } from '../host/failure.js';
import { maskOf } from '../host/mask.js';
import { renderAnswerFile } from '../answers/answer-file.js';
import { answerFileSource } from '../images/answer-file-source.js';
import { loadConfiguration } from './configuration.js';
import { namedImage } from './image-names.js';
import { overridesFrom } from './overrides.js';
import { plainText } from './section-flags.js';

export interface ShowFlags {
  readonly config?: string;
  readonly json?: boolean;
  readonly effective?: boolean;
  readonly set?: readonly string[];
}

/** Prints a section as it is resolved, as a section again or as JSON; or every option with where its value comes from. */
export async function show(named: string | undefined, flags: ShowFlags): Promise<void> {
  const image = namedImage(named);
  const configuration = loadConfiguration(flags.config);
  const overrides = overridesFrom({ set: flags.set });
  const mentioned = await mentionedBy(configuration, image, overrides);
  const unknown = unknownOverrides(configuration, image, Object.keys(overrides), mentioned);
  if (unknown.length > 0) throw new UsageError(unknown);
  if (flags.effective) showEffective(configuration, image, overrides, mentioned, flags.json ?? false);
  else showSection(configuration, image, overrides, flags.json ?? false);
}

function showSection(configuration: Configuration, image: string, overrides: Overrides, json: boolean): void {
  const { name, document } = withOverrides(configuration.section(image), overrides);
  const options = document.items(name);
  if (json) {
    console.log(JSON.stringify({ [name]: options }, undefined, 2));
    return;
  }
  console.log(`[${name}]`);
  for (const [option, value] of Object.entries(options)) {
    // Doubled, so that the output can be read as configuration again.
    console.log(`${option} = ${value.replaceAll('$', '$$$$').replaceAll('\n', '\n\t')}`);
  }
}

/** The options that the image's template mentions; none if it can't be rendered, since `show` helps to find out why. */
async function mentionedBy(
  configuration: Configuration,
  image: string,
  overrides: Overrides,
): Promise<ReadonlySet<string>> {
  try {
    const spec = resolveImage(configuration, image, overrides, isoDate(new Date()));
    return (await renderAnswerFile(answerFileSource(spec))).mentioned;
  } catch (error) {
    if (error instanceof UsageError) return new Set();
    throw error;
  }
}

function showEffective(
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
