import { Configuration } from '../config/configuration.js';
import { searchPath } from '../config/option-types.js';

/** `--element-path`, ELEMENTS_PATH of the environment, or that of [DEFAULT]: directories separated by colons. */
export function configuredElementPath({
  elementPath,
  config,
}: {
  readonly elementPath?: string | undefined;
  readonly config?: string | undefined;
}): readonly string[] {
  const named = elementPath ?? (process.env.ELEMENTS_PATH || configured(config));
  return named === undefined ? [] : searchPath.parse(named);
}

function configured(config: string | undefined): string | undefined {
  const defaults = Configuration.load(config).ownDefaults();
  return (defaults.get('element-path') ?? defaults.get('element_path'))?.value;
}
