import { writeFileSync } from 'node:fs';
import { Configuration } from '../config/configuration.js';
import { isoDate, resolveImage } from '../config/resolve.js';
import { Failure } from '../host/failure.js';
import { renderAnswerFile } from '../answers/answer-file.js';
import { answerFileSource } from '../images/answer-file-source.js';
import { namedImage } from './image-names.js';

/** Prints the answer file as it would be injected, or writes it to a file. */
export async function render(
  image: string | undefined,
  { config, output }: { config?: string; output?: string },
): Promise<void> {
  const spec = resolveImage(Configuration.load(config), namedImage(image), {}, isoDate(new Date()));
  const { content } = await renderAnswerFile(answerFileSource(spec));
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
