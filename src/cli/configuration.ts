import { Configuration } from '../config/configuration.js';
import { visible } from '../report/visible.js';

/** The user's configuration files, or the one that `--config` names. Prints warnings about skipped files to standard error. */
export function loadConfiguration(file: string | undefined): Configuration {
  const configuration = Configuration.load(file);
  for (const warning of configuration.warnings) console.error(`image-factory: warning: ${visible(warning)}`);
  return configuration;
}
