import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { recordedLog } from '../../test/support/host.js';
import { KnownSecrets } from '../host/known-secrets.js';
import { maskFile } from './masked-file.js';

function knowing(...values: string[]) {
  const secrets = new KnownSecrets();
  secrets.learn(values);
  return { secrets, log: recordedLog() };
}

describe('maskFile', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'masked-file-'));
    file = join(directory, 'console.log');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('takes secrets out, whatever bytes stand around them, and lets others read the rest', async () => {
    writeFileSync(file, Buffer.concat([Buffer.from([0xff, 0x1b]), Buffer.from('key=schlüssel\r\n')]), { mode: 0o600 });
    await maskFile(knowing('schlüssel'), file);
    expect(readFileSync(file)).to.deep.equal(Buffer.from([0xff, 0x1b, ...Buffer.from('key=***\r\n')]));
    expect(statSync(file).mode & 0o777).to.equal(0o666 & ~process.umask());
    expect(readdirSync(directory)).to.deep.equal(['console.log']);
  });

  it('leaves a file alone that tells nothing', async () => {
    writeFileSync(file, 'nothing');
    const { ino } = statSync(file);
    await maskFile(knowing('secret'), file);
    expect(statSync(file).ino).to.equal(ino);
  });

  it('takes no build down with a file that it can not read', async () => {
    mkdirSync(file);
    const host = knowing('secret');
    await maskFile(host, file);
    expect(host.log.lines).to.deep.equal([
      `warn: Secrets in ${file} could not be masked: EISDIR: illegal operation on a directory, read`,
    ]);
  });

  it('is content with a file that is not there', async () => {
    await maskFile(knowing('secret'), file);
    expect(existsSync(file)).to.equal(false);
  });
});
