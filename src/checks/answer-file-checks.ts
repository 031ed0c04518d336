import { installOrigin, isDerived } from '../config/image-spec.js';
import { basename } from 'node:path';
import { injectedName } from '../answers/injected-name.js';
import { meaningFindings } from '../answers/meaning/meaning.js';
import { opaqueStorage } from '../answers/opaque-storage.js';
import { optionsOfChanges } from '../config/derive-origin.js';
import { unknownOverrides } from '../config/overrides.js';
import { unknownOptions } from '../config/unknown-options.js';
import { commandLineProblems } from '../install/kernel-arguments.js';
import { kernelArguments } from '../install/virt-install.js';
import { detectAcceleration } from '../machine/acceleration.js';
import { error, placeOf, warning, type Check, type Subject } from './subject.js';

/** Settings that the installer will not understand as meant, or that make it wait for ever. */
export const answerFileMeaning: Check = (subject) => {
  if (subject.answerFile === undefined) return [];
  const { kind } = installOrigin(subject.spec).answerFile;
  return meaningFindings(kind, subject.answerFile.content).map(({ line, message, weight }) => {
    return { weight, message: `${answerFilePlace(subject, line)}${message}` };
  });
};

/** Storage that the stage `clean` would reject after an installation of an hour. */
export const answerFileStorage: Check = async (subject) => {
  if (subject.answerFile === undefined) return [];
  const { kind, path } = installOrigin(subject.spec).answerFile;
  const found = await opaqueStorage(kind, subject.answerFile.content.toString());
  return found.map(({ line, setting, storage, instead }) =>
    error(
      `${kind} = ${path}: ${line === undefined ? '' : `line ${line}: `}${setting} puts the system on ${storage}, which image-factory can't read to clean it; use ${instead}`,
    ),
  );
};

/** The line of the user's file; for a template, the line of the rendered answer file, without a directory. */
function answerFilePlace({ spec, answerFile }: Subject, line: number | undefined): string {
  const { path } = installOrigin(spec).answerFile;
  const name = answerFile?.name ?? '';
  const shown = basename(path) === name ? path : name;
  return line === undefined ? `[${spec.name}] ${shown}: ` : `${shown}:${line}: `;
}

/** Kernel arguments that a kernel would cut off, or panic at. */
export const kernelArgumentLimits: Check = async (subject) => {
  const { arch, append, virtType } = subject.spec;
  const { kind, path } = installOrigin(subject.spec).answerFile;
  const used = virtType === 'auto' ? (await detectAcceleration(arch)).virtType : virtType;
  const line = kernelArguments(kind, injectedName(kind, path), append, { virtType: used, architecture: arch });
  const { where, name } = appendPlace(subject);
  return commandLineProblems(line).map((problem) => error(`${where}${name}: ${problem}`));
};

/** The place of `append` without its value, which is too long to print. */
function appendPlace(subject: Subject): { readonly where: string; readonly name: string } {
  const [, where = '', name = ''] =
    /^([^\n]*?:\d+: |command line: )?(\[.*?\] \S+)/.exec(placeOf(subject, 'append')) ?? [];
  return { where, name };
}

/** Options that nothing reads. Without a rendered template, its variables are unknown. */
export const unusedOptions: Check = ({ configuration, spec, answerFile }) => {
  const mentioned = isDerived(spec) ? optionsOfChanges : answerFile?.mentioned;
  if (mentioned === undefined) return [];
  const { section: name, overridden, destinations } = spec;
  const sections = destinations.map((destination) => destination.name);
  const users = spec.users.map((user) => `user ${user.name}`);
  return [
    ...unknownOptions(configuration, name, mentioned, sections, users).map(warning),
    ...unknownOverrides(configuration, name, overridden, mentioned).map(error),
  ];
};
