import type { AnswerFileFinding } from './finding.js';
import { asInstallersDo, compiled, readText, schemaFindings } from './json-schema.js';

/**
 * What is wrong with the user-data of a seed volume: as YAML, and by subiquity's schema where that is given. A key that the schema does not know is a finding
 * as well: subiquity passes it over with a warning, so that a slip of the pen would be lost.
 *
 * @param schema the file autoinstall-schema.json, which comes with subiquity's source
 * @throws Failure if one of the files can't be read, or the schema is none
 */
export async function validateAutoinstall(file: string, schema?: string): Promise<AnswerFileFinding[]> {
  const text = readText(file);
  const known = schema === undefined ? undefined : await userDataSchema(schema);
  const {
    default: { LineCounter, isMap, isNode, isPair, parseDocument },
  } = await import('yaml');
  const lines = new LineCounter();
  // Subiquity reads with PyYAML, which has YAML 1.1: there, `no` is false.
  const document = parseDocument(text, { lineCounter: lines, version: '1.1', schema: 'yaml-1.1' });
  // Whatever else is wrong then comes of the first.
  const [error] = document.errors;
  if (error) return [{ line: lines.linePos(error.pos[0]).line, message: error.message.split('\n')[0] ?? '' }];
  const findings: AnswerFileFinding[] = [];
  if (!text.startsWith('#cloud-config\n')) {
    findings.push({ line: 1, message: "cloud-init takes it for user-data only if the first line is '#cloud-config'" });
  }
  const autoinstall = document.get('autoinstall');
  if (!isMap(autoinstall)) {
    return [...findings, { line: undefined, message: "there is no mapping 'autoinstall' at the top" }];
  }
  if (known === undefined) return findings;

  /** The line of what stands at a path, or of the next thing above it. */
  function lineOf(path: readonly string[]): number | undefined {
    for (let length = path.length; length >= 0; length--) {
      const parent = document.getIn(['autoinstall', ...path.slice(0, Math.max(length - 1, 0))], true);
      const key = path[length - 1];
      const pair = isMap(parent) && parent.items.find((item) => isPair(item) && String(item.key) === key);
      const node = pair ? pair.key : document.getIn(['autoinstall', ...path.slice(0, length)], true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return undefined;
  }

  const values = document.toJS() as { autoinstall: Record<string, unknown> };
  for (const key of Object.keys(values.autoinstall)) {
    if (!(key in known.properties)) findings.push({ line: lineOf([key]), message: `subiquity knows no '${key}'` });
  }
  for (const { path, message, unknownName } of schemaFindings(known.validate, values.autoinstall)) {
    findings.push({
      line: lineOf(unknownName === undefined ? path : [...path, unknownName]),
      message: `${['autoinstall', ...path].join('.')}: ${message}${unknownName === undefined ? '' : `: ${unknownName}`}`,
    });
  }
  return findings;
}

async function userDataSchema(file: string) {
  const {
    default: { Ajv },
  } = await import('ajv');
  return compiled(file, (schema: { properties?: Record<string, unknown> }) => ({
    properties: schema.properties ?? {},
    validate: new Ajv(asInstallersDo).compile(schema),
  }));
}
