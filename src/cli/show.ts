import { Configuration } from '../config/configuration.js';
import { namedImage } from './image-names.js';

/** Prints a section as it is resolved: as a section again, or as JSON. */
export function show(image: string | undefined, { config, json }: { config?: string; json?: boolean }): void {
  const { name, document } = Configuration.load(config).section(namedImage(image));
  const options = document.items(name);
  if (json) {
    console.log(JSON.stringify({ [name]: options }, undefined, 2));
    return;
  }
  console.log(`[${name}]`);
  for (const [option, value] of Object.entries(options)) {
    // A dollar sign would be a reference to whoever reads this as configuration again.
    console.log(`${option} = ${value.replaceAll('$', '$$$$').replaceAll('\n', '\n\t')}`);
  }
}
