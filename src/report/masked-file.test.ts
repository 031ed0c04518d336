import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { KnownSecrets } from '../host/known-secrets.js';
import { maskFile } from './masked-file.js';

function knowing(...values: string[]): KnownSecrets {
  const secrets = new KnownSecrets();
  secrets.learn(values);
  return secrets;
}

describe('maskFile', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'masked-file-'));
    file = join(directory, 'console.log');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('takes secrets out, whatever bytes stand around them, and keeps the mode', async () => {
    writeFileSync(file, Buffer.concat([Buffer.from([0xff, 0x1b]), Buffer.from('key=schlüssel\r\n')]), { mode: 0o600 });
    await maskFile(file, knowing('schlüssel'));
    expect(readFileSync(file)).to.deep.equal(Buffer.from([0xff, 0x1b, ...Buffer.from('key=***\r\n')]));
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(readdirSync(directory)).to.deep.equal(['console.log']);
  });

  it('leaves a file alone that tells nothing', async () => {
    writeFileSync(file, 'nothing');
    const { ino } = statSync(file);
    await maskFile(file, knowing('secret'));
    expect(statSync(file).ino).to.equal(ino);
  });

  it('is content with a file that is not there', async () => {
    await maskFile(file, knowing('secret'));
    expect(existsSync(file)).to.equal(false);
  });
});
