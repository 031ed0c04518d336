import { Configuration } from '../config/configuration.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { maskOf } from '../host/mask.js';
import { ReleaseStack } from '../host/release-stack.js';
import { planBuild } from '../pipeline/plan.js';
import { fetchStages } from '../pipeline/stages.js';
import { runStages } from '../pipeline/runner.js';
import { masking } from '../report/masking-reporter.js';
import { overridesFrom } from './overrides.js';
import type { BuildFlags } from './build-flags.js';
import { terminalReporter } from './terminal.js';
import { untilSignalled } from './signals.js';

/** Fills the netboot cache of an image, and does nothing else. */
export async function fetch(image: string, flags: BuildFlags): Promise<void> {
  const spec = resolveImage(Configuration.load(flags.config), image, overridesFrom(flags), isoDate(new Date()));
  const plan = await planBuild(spec);
  const log = masking(terminalReporter({ verbosity: 'normal', format: 'text' }), maskOf(spec.secrets));
  try {
    await untilSignalled((signal) => runStages({ log, signal, release: new ReleaseStack() }, plan, fetchStages));
  } finally {
    log.close();
  }
}
