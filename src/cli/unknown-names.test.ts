import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { programDirectory } from '../host/program-directory.js';

const program = join(programDirectory, 'bin/image-factory');

describe('a name that nothing in the store has', () => {
  let store: string;
  before(() => (store = mkdtempSync(join(tmpdir(), 'unknown-names-'))));
  after(() => rmSync(store, { recursive: true }));

  for (const [line, said] of [
    ['layer show web', "there is no layer 'web'\n'image-factory layer list' shows all layers."],
    ['layer new child web', "there is no layer 'web'"],
    ['layer delete web', "there is no layer 'web'"],
    ['stackpoint new web base', "there is no layer 'base'"],
    ['stackpoint show web', "there is no stackpoint 'web'"],
    ['stackpoint pin web.1', 'there is no instance web.1'],
  ] as const) {
    it(`is a mistake on the command line: ${line}`, async () => {
      const { exitCode, stderr } = await execa(program, line.split(' '), {
        reject: false,
        env: { IMAGE_FACTORY_STORE_DIR: store },
      });
      expect(stderr).to.include(said);
      expect(exitCode, stderr).to.equal(2);
    });
  }
});
