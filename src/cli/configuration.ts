import { Configuration } from '../config/configuration.js';
import { visible } from '../report/visible.js';

/** The user's configuration files, or the one that `--config` names; says on standard error what was passed over. */
export function loadConfiguration(file: string | undefined): Configuration {
  const configuration = Configuration.load(file);
  for (const warning of configuration.warnings) console.error(`image-factory: warning: ${visible(warning)}`);
  return configuration;
}
