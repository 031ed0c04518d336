import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';

const directory = join(import.meta.dirname, '../golden');

/**
 * Compares a text with the file that was agreed on, `test/golden/NAME`. With UPDATE_GOLDEN=1 in the environment the
 * file is written anew instead, for a person to look at the difference.
 */
export function expectGolden(name: string, text: string): void {
  const file = join(directory, name);
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  if (!existsSync(file)) expect.fail(`there is no ${file}; UPDATE_GOLDEN=1 writes it`);
  expect(text, `${file}; UPDATE_GOLDEN=1 writes it anew`).to.equal(readFileSync(file, 'utf8'));
}
