import { loadConfiguration } from './configuration.js';
import { splitName } from '../config/flavored-name.js';
import { isInstalled, wayWithoutInstaller } from '../config/image-spec.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { secretsAsWritten } from '../config/secrets.js';
import { UsageError } from '../host/failure.js';
import { ReleaseStack } from '../host/release-stack.js';
import { checkImage, fetchChecks } from '../checks/image-check.js';
import { secretsOfAnswerFile } from '../images/answer-file-source.js';
import { planBuild } from '../images/plan.js';
import { runSteps } from '../engine/run.js';
import { fetchRecipe } from '../images/recipes.js';
import { exitCodes } from '../jobs/outcome.js';
import { namedImage } from './image-names.js';
import { overridesFrom } from './overrides.js';
import type { FetchFlags } from './build-flags.js';
import { inSession } from './session.js';
import { untilSignalled } from './signals.js';

/** Fills the netboot cache of an image. */
export async function fetch(named: string | undefined, flags: FetchFlags): Promise<void> {
  const { log, outcome } = await inSession(flags, async ({ log, secrets }) => {
    const image = namedImage(named);
    const configuration = loadConfiguration(flags.config);
    secrets.learn(secretsAsWritten(configuration.section(splitName(configuration, image).image)));
    const spec = resolveImage(configuration, image, overridesFrom(flags), isoDate(new Date()));
    secrets.learn(spec.secrets);
    if (!isInstalled(spec))
      throw new UsageError([`[${image}] has no netboot files: it is not installed, but ${wayWithoutInstaller(spec)}`]);
    secrets.learn(await secretsOfAnswerFile(spec));
    // The template reports a mirror that is not set, which the URLs need.
    await checkImage(configuration, spec, log, fetchChecks);
    const plan = await planBuild(spec);
    await untilSignalled(async (signal) => {
      const host = { log, secrets, signal, release: new ReleaseStack() };
      await host.release.after(host.log, () => runSteps(host, fetchRecipe(plan), {}));
    });
  });
  log.close();
  process.exitCode = exitCodes[outcome];
}
