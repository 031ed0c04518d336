import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { splitReference } from './recognise.js';

describe('the name of an image in a file', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'recognise-'));
    for (const name of ['web.tar', 'a:b.tar']) writeFileSync(join(directory, name), '');
    mkdirSync(join(directory, 'layout'));
  });
  after(() => rmSync(directory, { recursive: true }));

  for (const [text, path, reference] of [
    ['web.tar', 'web.tar', undefined],
    ['web.tar:web', 'web.tar', 'web'],
    // As docker names what it saves.
    ['web.tar:web:1', 'web.tar', 'web:1'],
    ['web.tar:localhost:5000/web:1', 'web.tar', 'localhost:5000/web:1'],
    ['a:b.tar', 'a:b.tar', undefined],
    ['a:b.tar:c:1', 'a:b.tar', 'c:1'],
    ['layout:latest', 'layout', 'latest'],
    ['none:web', 'none:web', undefined],
  ] as const) {
    it(`of ${text} is ${reference ?? 'none'}`, () => {
      const expected = { path: join(directory, path), ...(reference === undefined ? {} : { reference }) };
      expect(splitReference(join(directory, text))).to.deep.equal(expected);
    });
  }
});
