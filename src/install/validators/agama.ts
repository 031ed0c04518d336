import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../../host/failure.js';
import type { AnswerFileFinding } from './finding.js';

/**
 * What is wrong with an Agama profile: as JSON, and by Agama's schema where that is given.
 *
 * @param schema Agama's `profile.schema.json`, with the other `*.schema.json` that it refers to beside it
 * @throws Failure if a file can't be read, or the schema is none
 */
export async function validateAgama(file: string, schema?: string): Promise<AnswerFileFinding[]> {
  const text = read(file);
  let profile: unknown;
  try {
    profile = JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const position = /at position (\d+)/.exec(message)?.[1];
    const before = position === undefined ? undefined : text.slice(0, Number(position));
    // A piece of the file may be quoted, and in it half a password.
    return [{ line: before?.split('\n').length, message: message.replace(/, (?:\.{3})?".* (?=is not valid)/s, ' ') }];
  }
  if (schema === undefined) return [];
  const validate = await compiled(schema);
  if (validate(profile)) return [];
  const lineOf = await lines(text);
  const findings = (validate.errors ?? []).map(({ instancePath, message = 'is wrong', params }) => ({
    line: lineOf(instancePath),
    message: `${instancePath || '/'}: ${message}${unknownName(params)}`,
  }));
  // Of an anyOf, every alternative says the same.
  return [...new Map(findings.map((finding) => [finding.message, finding])).values()];
}

function unknownName(params: Record<string, unknown>): string {
  const { additionalProperty } = params;
  return typeof additionalProperty === 'string' ? `: '${additionalProperty}'` : '';
}

async function compiled(schema: string) {
  const { Ajv2019 } = await import('ajv/dist/2019.js');
  const directory = dirname(schema);
  try {
    // "examples", "deprecated" and the like are none of the validator's business.
    const ajv = new Ajv2019({ allErrors: true, strict: false, validateFormats: false });
    const main = JSON.parse(read(schema)) as { $id?: string };
    for (const name of readdirSync(directory).filter((entry) => entry.endsWith('.schema.json'))) {
      const other = JSON.parse(read(join(directory, name))) as { $id?: string };
      if (other.$id !== main.$id) ajv.addSchema(other);
    }
    return ajv.compile(main);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`${schema} is no JSON schema: ${(error as Error).message}`);
  }
}

/** Lines by JSON pointer (RFC 6901). JSON is YAML as well. */
async function lines(text: string): Promise<(pointer: string) => number | undefined> {
  const { LineCounter, isNode, parseDocument } = await import('yaml');
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  return (pointer) => {
    const path = pointer.split('/').slice(1);
    const keys = path.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    const node = document.getIn(
      keys.map((key) => (/^\d+$/.test(key) ? Number(key) : key)),
      true,
    );
    return isNode(node) && node.range ? lineCounter.linePos(node.range[0]).line : undefined;
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(`can't read ${file}: ${(error as Error).message}`);
  }
}
