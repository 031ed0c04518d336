import type { Configuration } from '../config/configuration.js';
import { withOverrides, unknownOverrides, type Overrides } from '../config/overrides.js';
import { splitName } from '../config/flavored-name.js';
import { settingsOfFlavor } from '../config/resolve.js';
import { UsageError } from '../host/failure.js';
import { imagesMeant } from '../packages/request.js';
import { loadConfiguration } from './configuration.js';
import { namedImage } from './image-names.js';
import { overridesFrom } from './overrides.js';

export interface ShowFlags {
  readonly config?: string;
  readonly json?: boolean;
  readonly effective?: boolean;
  readonly set?: readonly string[];
}

/** Prints a section as it is resolved, as a section again or as JSON; or every option with where its value comes from. */
export async function show(named: string | undefined, flags: ShowFlags): Promise<void> {
  const configuration = loadConfiguration(flags.config);
  const name = namedImage(named);
  const { image, flavor } = splitName(configuration, name);
  if (flavor !== undefined) imagesMeant(configuration, name);
  const overrides = { ...settingsOfFlavor(configuration, flavor), ...overridesFrom({ set: flags.set }) };
  if (!flags.effective && Object.keys(overrides).length === 0) {
    showSection(configuration, image, overrides, flags.json ?? false);
    return;
  }
  // What renders answer files takes long to load, and the usual call does without.
  const { mentionedBy } = await import('./mentioned-options.js');
  const mentioned = await mentionedBy(configuration, image, overrides);
  const unknown = unknownOverrides(configuration, image, Object.keys(overrides), mentioned);
  if (unknown.length > 0) throw new UsageError(unknown);
  if (!flags.effective) {
    showSection(configuration, image, overrides, flags.json ?? false);
    return;
  }
  const { showEffective } = await import('./show-effective.js');
  showEffective(configuration, image, overrides, mentioned, flags.json ?? false);
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
