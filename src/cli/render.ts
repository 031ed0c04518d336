import { writeFileSync } from 'node:fs';
import { loadConfiguration } from './configuration.js';
import { unknownOverrides } from '../config/overrides.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { Failure, UsageError } from '../host/failure.js';
import { renderAnswerFile } from '../answers/answer-file.js';
import { answerFileSource } from '../images/answer-file-source.js';
import { namedImage } from './image-names.js';
import { overridesFrom } from './overrides.js';

/** Prints the answer file, as a build injects it, or writes it to a file. */
export async function render(
  image: string | undefined,
  { config, output, set }: { config?: string; output?: string; set?: readonly string[] },
): Promise<void> {
  const configuration = loadConfiguration(config);
  const overrides = overridesFrom({ set });
  const spec = resolveImage(configuration, namedImage(image), overrides, isoDate(new Date()));
  const { content, mentioned } = await renderAnswerFile(answerFileSource(spec));
  const unknown = unknownOverrides(configuration, spec.name, spec.overridden, mentioned);
  if (unknown.length > 0) throw new UsageError(unknown);
  if (output === undefined) {
    process.stdout.write(content);
    return;
  }
  try {
    writeFileSync(output, content);
  } catch (error) {
    throw new Failure(`can't write ${output}: ${(error as Error).message}`);
  }
}
