import type { Configuration } from '../config/configuration.js';
import type { Overrides } from '../config/overrides.js';
import { optionsOfBootstrap } from '../config/bootstrap-origin.js';
import { isBootstrapped, isInstalled } from '../config/image-spec.js';
import { optionsOfChanges } from '../config/derive-origin.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { UsageError } from '../host/failure.js';
import { renderAnswerFile } from '../answers/answer-file.js';
import { answerFileSource } from '../images/answer-file-source.js';
import { settingsToCheck } from '../images/first-settings.js';

/** The options that the image's template mentions; none if it can't be rendered, since `show` helps to find out why. */
export async function mentionedBy(
  configuration: Configuration,
  image: string,
  overrides: Overrides,
): Promise<ReadonlySet<string>> {
  try {
    const spec = resolveImage(configuration, image, overrides, isoDate(new Date()));
    if (isBootstrapped(spec)) {
      return new Set([...(await settingsToCheck(configuration, spec)).mentioned, ...optionsOfBootstrap]);
    }
    if (!isInstalled(spec)) return optionsOfChanges;
    return (await renderAnswerFile(answerFileSource(spec))).mentioned;
  } catch (error) {
    if (error instanceof UsageError) return new Set();
    throw error;
  }
}
