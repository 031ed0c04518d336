import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AnswerFileFinding } from './finding.js';
import { asInstallersDo, compiled, readText, schemaFindings } from './json-schema.js';

/**
 * What is wrong with an Agama profile: as JSON, and by Agama's schema where that is given.
 *
 * @param schema Agama's `profile.schema.json`, with the other `*.schema.json` that it refers to beside it
 * @throws Failure if a file can't be read, or the schema is none
 */
export async function validateAgama(file: string, schema?: string): Promise<AnswerFileFinding[]> {
  const text = readText(file);
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
  const lineOf = await lines(text);
  const findings = schemaFindings(await profileSchema(schema), profile).map(({ path, message, unknownName }) => ({
    line: lineOf(path),
    message: `/${path.join('/')}: ${message}${unknownName === undefined ? '' : `: '${unknownName}'`}`,
  }));
  // Of an anyOf, every alternative says the same.
  return [...new Map(findings.map((finding) => [finding.message, finding])).values()];
}

async function profileSchema(file: string) {
  const {
    default: { Ajv2019 },
  } = await import('ajv/dist/2019.js');
  const directory = dirname(file);
  return compiled(file, (main: { $id?: string }) => {
    const ajv = new Ajv2019(asInstallersDo);
    for (const name of readdirSync(directory).filter((entry) => entry.endsWith('.schema.json'))) {
      const other = JSON.parse(readText(join(directory, name))) as { $id?: string };
      if (other.$id !== main.$id) ajv.addSchema(other);
    }
    return ajv.compile(main);
  });
}

/** Where the values of a file stand, by their path. JSON is YAML as well. */
async function lines(text: string): Promise<(path: readonly string[]) => number | undefined> {
  const {
    default: { LineCounter, isNode, parseDocument },
  } = await import('yaml');
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  return (path) => {
    const node = document.getIn(
      path.map((key) => (/^\d+$/.test(key) ? Number(key) : key)),
      true,
    );
    return isNode(node) && node.range ? lineCounter.linePos(node.range[0]).line : undefined;
  };
}
