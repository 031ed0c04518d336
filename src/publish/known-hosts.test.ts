import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { Failure } from '../host/failure.js';
import { testHost } from '../../test/support/host.js';
import { fingerprint, hostKeyAlgorithms, hostKeyProblem, knownHostKeys, type HostKey } from './known-hosts.js';

describe('known hosts', () => {
  let directory: string;
  let file: string;
  const keys: Record<string, HostKey & { line: string; printed: string }> = {};
  const key = (name: string) => keys[name]!;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'image-factory-known-hosts-'));
    file = join(directory, 'known_hosts');
    for (const [name, type] of Object.entries({ ours: 'ed25519', rsa: 'rsa', other: 'ed25519' })) {
      const path = join(directory, name);
      await execa('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', path]);
      const line = (await readFile(`${path}.pub`, 'utf8')).split(' ').slice(0, 2).join(' ');
      const [, printed = ''] = (await execa('ssh-keygen', ['-l', '-f', path])).stdout.split(' ');
      keys[name] = { type: line.split(' ')[0]!, blob: Buffer.from(line.split(' ')[1]!, 'base64'), line, printed };
    }
  });
  after(() => rm(directory, { recursive: true }));

  const lookUp = async (lines: string[], host = 'images.example', port = 22) => {
    await writeFile(file, lines.map((line) => `${line}\n`).join(''));
    return knownHostKeys(testHost(), { host, port }, file);
  };

  it('finds the keys of a host by name, pattern and alias, whatever the case', async () => {
    const lines = [`# comment`, `images.example,10.0.0.1 ${key('ours').line} comment`, `*.example ${key('rsa').line}`];
    expect((await lookUp(lines, 'Images.Example')).trusted.map(fingerprint)).to.deep.equal([
      key('ours').printed,
      key('rsa').printed,
    ]);
    expect((await lookUp(lines, 'other.test')).trusted).to.deep.equal([]);
  });

  it('keeps the servers of one host apart by their ports', async () => {
    const lines = [`images.example ${key('ours').line}`, `[images.example]:2222 ${key('other').line}`];
    expect((await lookUp(lines, 'images.example', 2222)).trusted.map(fingerprint)).to.deep.equal([
      key('other').printed,
    ]);
  });

  it('finds hashed names', async () => {
    await writeFile(file, `[images.example]:2222 ${key('ours').line}\n`);
    await execa('ssh-keygen', ['-H', '-f', file]);
    expect(await readFile(file, 'utf8')).to.match(/^\|1\|/);
    const known = await knownHostKeys(testHost(), { host: 'images.example', port: 2222 }, file);
    expect(known.trusted.map(fingerprint)).to.deep.equal([key('ours').printed]);
  });

  it('offers the server only algorithms whose keys it can compare, and no SHA-1', async () => {
    expect(hostKeyAlgorithms(await lookUp([`images.example ${key('rsa').line}`]))).to.deep.equal([
      'rsa-sha2-512',
      'rsa-sha2-256',
    ]);
    expect(hostKeyAlgorithms(await lookUp([])))
      .to.include('ssh-ed25519')
      .and.not.include('ssh-rsa');
  });

  it('trusts a key that is listed', async () => {
    expect(hostKeyProblem(await lookUp([`images.example ${key('ours').line}`]), key('ours').blob)).to.equal(undefined);
  });

  it('says how to add a key that is not listed', async () => {
    const problem = hostKeyProblem(await lookUp([], 'images.example', 2222), key('ours').blob);
    expect(problem).to.be.instanceOf(Failure);
    expect(problem?.message).to.equal(
      `The host key of images.example port 2222 is in none of ${file}; it presents ssh-ed25519 ${key('ours').printed}`,
    );
    expect(problem?.hint).to.contain(`ssh-keyscan -p 2222 images.example >> ${file}`);
  });

  it('says when a key has changed', async () => {
    const problem = hostKeyProblem(await lookUp([`images.example ${key('ours').line}`]), key('other').blob);
    expect(problem?.message)
      .to.contain('has changed')
      .and.contain(key('ours').printed)
      .and.contain(key('other').printed);
    expect(problem?.hint).to.contain(`ssh-keygen -R images.example -f ${file}`);
  });

  it('does not trust a revoked key, though it is listed too', async () => {
    const lines = [`images.example ${key('ours').line}`, `@revoked * ${key('ours').line}`];
    const known = await lookUp(lines);
    expect(known.trusted).to.deep.equal([]);
    expect(hostKeyProblem(known, key('ours').blob)?.message)
      .to.contain('is revoked')
      .and.contain(key('ours').printed);
  });

  it('takes the key of a certificate authority for no host key', async () => {
    expect((await lookUp([`@cert-authority * ${key('ours').line}`])).trusted).to.deep.equal([]);
  });

  it('fails when the named file is missing', async () => {
    const error = await knownHostKeys(testHost(), { host: 'x', port: 22 }, join(directory, 'none')).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(Failure);
    expect((error as Failure).message).to.contain(join(directory, 'none'));
  });
});
