import { quote } from 'shlex';
import { optionsOfBootstrap } from '../config/bootstrap-origin.js';
import type { Configuration } from '../config/configuration.js';
import { splitName } from '../config/flavored-name.js';
import type { ImageSpec } from '../config/image-spec.js';
import { UsageError } from '../host/failure.js';
import { renderAnswerFile, type AnswerFile } from '../answers/answer-file.js';
import { packagingOf } from '../packages/facts.js';
import { factsOf } from '../packages/flavors.js';
import type { PackageLock } from '../packages/lock-file.js';
import { templateSource } from './answer-file-source.js';

/**
 * What an installer would set in a system, as a script that runs in the tree of one that is made from its packages: names, users,
 * keys, network, services. The section's options say it, as in answer files, and a template like theirs writes it.
 *
 * @throws UsageError for options with a mistake, and for those that the template can't carry out
 */
export async function firstSettings(spec: ImageSpec, packaging: PackageLock['packaging']): Promise<string> {
  return (await settingsScript(spec, packaging)).content.toString();
}

/** The script, and the options that are read for such an image, by its template or elsewhere. @throws UsageError like {@link firstSettings}, and for a flavor with a mistake */
export async function settingsToCheck(configuration: Configuration, spec: ImageSpec): Promise<AnswerFile> {
  const facts = factsOf(configuration, splitName(configuration, spec.name));
  const script = await settingsScript(spec, packagingOf(facts).packaging);
  return { ...script, mentioned: new Set([...script.mentioned, ...optionsOfBootstrap]) };
}

async function settingsScript(spec: ImageSpec, packaging: PackageLock['packaging']): Promise<AnswerFile> {
  const path = `bootstrap.${packaging}.sh.hbs`;
  const script = await renderAnswerFile({ ...templateSource(spec), kind: 'bootstrap', path });
  if (Buffer.byteLength(quote(script.content.toString())) > longest) {
    const place = spec.description['post-script']?.place ?? `[${spec.section}]`;
    throw new UsageError([
      `${place}: what is set in the system is a script of more than ${longest / 2 ** 10} KiB with it: run a shorter one, or make a section with 'parent = ${spec.section}' and 'run'`,
    ]);
  }
  return script;
}

/** Bytes: a little less than one argument of a program may have (execve(2), MAX_ARG_STRLEN), in which the script may be quoted. */
const longest = 120 * 2 ** 10;
