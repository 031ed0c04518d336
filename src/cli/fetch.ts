import { Configuration } from '../config/configuration.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { maskOf } from '../host/mask.js';
import { ReleaseStack } from '../host/release-stack.js';
import { checkImage } from '../checks/image-check.js';
import { planBuild } from '../images/plan.js';
import { fetchStages } from '../images/recipes.js';
import { runStages } from '../engine/run.js';
import { masking } from '../report/masking-reporter.js';
import { namedImage } from './image-names.js';
import { overridesFrom } from './overrides.js';
import type { BuildFlags } from './build-flags.js';
import { terminalReporter } from './terminal.js';
import { untilSignalled } from './signals.js';

/** Fills the netboot cache of an image, and does nothing else. */
export async function fetch(image: string | undefined, flags: BuildFlags): Promise<void> {
  const configuration = Configuration.load(flags.config);
  const spec = resolveImage(configuration, namedImage(image), overridesFrom(flags), isoDate(new Date()));
  const log = masking(terminalReporter({ verbosity: 'normal', format: 'text' }), maskOf(spec.secrets));
  try {
    // A template knows what the URLs lack: a mirror that everybody must set for himself.
    await checkImage(configuration, spec, log);
    const plan = await planBuild(spec);
    await untilSignalled((signal) => runStages({ log, signal, release: new ReleaseStack() }, plan, fetchStages));
  } finally {
    log.close();
  }
}
