import { basename } from 'node:path';
import { injectedName } from '../answers/injected-name.js';
import { meaningFindings } from '../answers/meaning/meaning.js';
import { opaqueStorage } from '../answers/opaque-storage.js';
import { unknownOverrides } from '../config/overrides.js';
import { unknownOptions } from '../config/unknown-options.js';
import { commandLineProblems } from '../install/kernel-arguments.js';
import { kernelArguments } from '../install/virt-install.js';
import { detectAcceleration } from '../machine/acceleration.js';
import { defaultArchitecture } from '../machine/architectures.js';
import { error, placeOf, warning, type Check, type Subject } from './subject.js';

/** What the installer will not do as the answer file means it, and what will never end. */
export const answerFileMeaning: Check = (subject) => {
  if (subject.answerFile === undefined) return [];
  const { kind } = subject.spec.origin.answerFile;
  return meaningFindings(kind, subject.answerFile.content).map(({ line, message, weight }) => {
    return { weight, message: `${answerFilePlace(subject, line)}${message}` };
  });
};

/** What the stage `clean` would refuse after an installation of an hour. */
export const answerFileStorage: Check = async (subject) => {
  if (subject.answerFile === undefined) return [];
  const { kind, path } = subject.spec.origin.answerFile;
  const found = await opaqueStorage(kind, subject.answerFile.content.toString());
  return found.map(({ line, setting, storage, instead }) =>
    error(
      `${kind} = ${path}: ${line === undefined ? '' : `line ${line}: `}${setting} puts the system on ${storage}, and image-factory can't look into that to clean it; use ${instead}`,
    ),
  );
};

/** The line of the file that the user wrote, or of what came of a template, which goes by its name alone. */
function answerFilePlace({ spec, answerFile }: Subject, line: number | undefined): string {
  const { path } = spec.origin.answerFile;
  const name = answerFile?.name ?? '';
  const shown = basename(path) === name ? path : name;
  return line === undefined ? `[${spec.name}] ${shown}: ` : `${shown}:${line}: `;
}

/** What a kernel would cut off, or panic at. */
export const kernelArgumentLimits: Check = async (subject) => {
  const { origin, append, virtType } = subject.spec;
  const { kind, path } = origin.answerFile;
  const type = virtType === 'auto' ? (await detectAcceleration(defaultArchitecture)).virtType : virtType;
  const line = kernelArguments(kind, injectedName(kind, path), append, type);
  const { where, name } = appendPlace(subject);
  return commandLineProblems(line).map((problem) => error(`${where}${name}: ${problem}`));
};

/** Without its value, which is what is too long. */
function appendPlace(subject: Subject): { readonly where: string; readonly name: string } {
  const [, where = '', name = ''] = /^([^\n]*?:\d+: )?(\[.*?\] \S+)/.exec(placeOf(subject, 'append')) ?? [];
  return { where, name };
}

/** Options that nothing reads. Without the template it can't be told which are its variables. */
export const optionsNobodyReads: Check = ({ configuration, spec, answerFile }) => {
  if (answerFile === undefined) return [];
  const { name, overridden, destinations } = spec;
  const sections = destinations.map((destination) => destination.name);
  return [
    ...unknownOptions(configuration, name, answerFile.mentioned, sections).map(warning),
    ...unknownOverrides(configuration, name, overridden, answerFile.mentioned).map(error),
  ];
};
