import { readFile } from 'node:fs/promises';
import type { AnswerFileKind } from '../../config/image-spec.js';
import { Failure } from '../../host/failure.js';
import type { Caller } from '../../host/host.js';
import type { ProgramName } from '../../host/programs.js';
import { validateAgama } from './agama.js';
import { validateAutoinstall } from './autoinstall.js';
import { validateAutoyast } from './autoyast.js';
import type { AnswerFileFinding } from './finding.js';
import { kickstartVersion, validateKickstart } from './kickstart.js';
import { validatePreseed } from './preseed.js';

/** What looks at an answer file with the eyes of its installer. */
export type Validator = {
  /** What it is called in what `validate` says: the program, or whose schema. */
  readonly name: string;
  /** The program that it calls. */
  readonly program?: ProgramName;
} & (
  | {
      readonly schema?: undefined;
      /** @throws Failure where the check can't be made */
      readonly find: (host: Caller, file: string) => AnswerFileFinding[] | Promise<AnswerFileFinding[]>;
    }
  | {
      /** Its name in the directory of schemas, and who has it. */
      readonly schema: { readonly file: string; readonly from: string };
      /** @throws Failure where the check can't be made */
      readonly find: (host: Caller, file: string, schema: string) => AnswerFileFinding[] | Promise<AnswerFileFinding[]>;
    }
);

/** By kind of answer file, in the order in which they are asked: a later one only where the earlier find nothing. */
export const validators: Readonly<Record<AnswerFileKind, readonly Validator[]>> = {
  preseed: [{ name: 'debconf-set-selections', program: 'debconf-set-selections', find: validatePreseed }],
  kickstart: [{ name: 'ksvalidator', program: 'ksvalidator', find: kickstartAsItSays }],
  yast: [
    { name: 'xmllint', program: 'xmllint', find: (host, file) => validateAutoyast(host, file) },
    {
      name: "YaST's schema",
      program: 'xmllint',
      schema: { file: 'profile.rng', from: "openSUSE's package yast2-schema" },
      find: validateAutoyast,
    },
  ],
  autoinstall: [
    { name: 'YAML', find: (_, file) => validateAutoinstall(file) },
    {
      name: "subiquity's schema",
      schema: { file: 'autoinstall-schema.json', from: 'https://github.com/canonical/subiquity' },
      find: (_, file, schema) => validateAutoinstall(file, schema),
    },
  ],
  agama: [
    { name: 'JSON', find: (_, file) => validateAgama(file) },
    {
      name: "Agama's schema",
      schema: { file: 'profile.schema.json', from: "openSUSE's package agama-cli" },
      find: (_, file, schema) => validateAgama(file, schema),
    },
  ],
};

async function kickstartAsItSays(host: Caller, file: string): Promise<AnswerFileFinding[]> {
  const version = kickstartVersion(await readFile(file, 'utf8'));
  if (version !== undefined) return validateKickstart(host, file, version);
  throw new Failure('the file does not say in which version of the syntax it is written', {
    hint: "Begin it with a line such as '#version=RHEL9'.",
  });
}
