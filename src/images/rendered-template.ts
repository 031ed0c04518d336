import { renderAnswerFile, type AnswerFile } from '../answers/answer-file.js';
import type { Configuration } from '../config/configuration.js';
import { isBootstrapped, isInstalled, type ImageSpec } from '../config/image-spec.js';
import { answerFileSource } from './answer-file-source.js';
import { settingsToCheck } from './first-settings.js';

/**
 * What the template of an image becomes, to be checked: its answer file, or the script of one that is made from its packages;
 * undefined for one that is derived, which has none.
 *
 * @throws UsageError with everything that is wrong with it
 */
export async function renderedTemplate(configuration: Configuration, spec: ImageSpec): Promise<AnswerFile | undefined> {
  if (isInstalled(spec)) return renderAnswerFile(answerFileSource(spec));
  return isBootstrapped(spec) ? settingsToCheck(configuration, spec) : undefined;
}
