import { readFileSync } from 'node:fs';
import type { Options, ValidateFunction } from 'ajv';
import { reasonOf } from '../../host/errno.js';
import { Failure } from '../../host/failure.js';

/** Installers check no formats, and their schemas hold "examples", "deprecated" and the like. */
export const asInstallersDo: Options = { allErrors: true, strict: false, validateFormats: false };

/** @throws Failure if the file can't be read */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(`can't read ${file}: ${reasonOf(error)}`);
  }
}

/** @throws Failure if `compile` finds no JSON schema in the file */
export function compiled<T>(file: string, compile: (schema: object) => T): T {
  const text = readText(file);
  try {
    return compile(JSON.parse(text) as object);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`${file} is not a JSON schema: ${(error as Error).message}`);
  }
}

/** What a schema has against a value: where (the names from the top on), what, and the name that it does not know. */
export interface SchemaFinding {
  readonly path: readonly string[];
  readonly message: string;
  readonly unknownName?: string | undefined;
}

/** What a schema has against a value. */
export function schemaFindings(validate: ValidateFunction, value: unknown): SchemaFinding[] {
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message = 'is wrong', params }) => {
    const { additionalProperty: unknownName } = params as { additionalProperty?: string };
    return { path: namesIn(instancePath), message, unknownName };
  });
}

/** The names in a JSON pointer (RFC 6901). */
function namesIn(pointer: string): string[] {
  const parts = pointer.split('/').slice(1);
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}
