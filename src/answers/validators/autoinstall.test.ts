import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../../host/failure.js';
import { rejection } from '../../../test/support/host.js';
import { validateAutoinstall } from './autoinstall.js';

/** A schema of the same make as subiquity's, which is not ours to ship. */
const schema = {
  type: 'object',
  properties: {
    version: { type: 'integer', minimum: 1, maximum: 1 },
    keyboard: {
      type: 'object',
      properties: { layout: { type: 'string' } },
      required: ['layout'],
      additionalProperties: false,
    },
    proxy: { type: ['string', 'null'], format: 'uri' },
    packages: { type: 'array', items: { type: 'string' } },
  },
  required: ['version'],
  additionalProperties: true,
};

describe('validateAutoinstall', () => {
  let directory: string;
  let schemaFile: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'validate-autoinstall-'));
    schemaFile = join(directory, 'autoinstall-schema.json');
    writeFileSync(schemaFile, JSON.stringify(schema));
  });
  after(() => rmSync(directory, { recursive: true }));

  async function findings(userData: string) {
    const file = join(directory, 'user-data');
    writeFileSync(file, userData);
    return validateAutoinstall(file, schemaFile);
  }

  it('finds nothing in a good file', async () => {
    const good = '#cloud-config\nautoinstall:\n  version: 1\n  keyboard: {layout: us}\n  packages: [curl]\n';
    expect(await findings(good)).to.deep.equal([]);
  });

  it('names the line of everything that is wrong', async () => {
    const bad = `#cloud-config
autoinstall:
  version: 2
  keyboard:
    layot: us
  packages:
    - curl
    - no
`;
    expect(await findings(bad)).to.deep.equal([
      { line: 3, message: 'autoinstall.version: must be <= 1' },
      { line: 4, message: "autoinstall.keyboard: must have required property 'layout'" },
      { line: 5, message: 'autoinstall.keyboard: must NOT have additional properties: layot' },
      // In the YAML of Python, `no` is no word.
      { line: 8, message: 'autoinstall.packages.1: must be string' },
    ]);
  });

  it('names a key that subiquity would pass over', async () => {
    expect(await findings('#cloud-config\nautoinstall:\n  version: 1\n  updtes: all\n')).to.deep.equal([
      { line: 4, message: "subiquity knows no 'updtes'" },
    ]);
  });

  it('tells what is no YAML, and what cloud-init would not take', async () => {
    const [first, ...others] = await findings('#cloud-config\nautoinstall:\n  a: "b\n');
    expect([first?.line, others]).to.deep.equal([4, []]);
    expect(await findings('autoinstall: none\n')).to.deep.equal([
      { line: 1, message: "cloud-init takes it for user-data only if the first line is '#cloud-config'" },
      { line: undefined, message: "there is no mapping 'autoinstall' at the top" },
    ]);
  });

  it('fails without a schema', async () => {
    const failure = await rejection(validateAutoinstall(schemaFile, join(directory, 'no such file')));
    expect(failure).to.be.instanceOf(Failure).with.property('message').that.contains('no such file');
  });

  it('reads the YAML also where the schema is not there', async () => {
    const file = join(directory, 'user-data');
    writeFileSync(file, '#cloud-config\nautoinstall: [1,2');
    expect(await validateAutoinstall(file)).to.have.length(1);
    writeFileSync(file, '#cloud-config\nautoinstall:\n  version: 1\n');
    expect(await validateAutoinstall(file)).to.deep.equal([]);
  });
});
