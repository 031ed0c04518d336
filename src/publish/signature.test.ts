import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Failure } from '../host/failure.js';
import { changeEnvironment, rejection, testHost } from '../../test/support/host.js';
import { sign } from './signature.js';
import { checkGpg, checkSsh } from './signature-check.js';
import { GpgHome, sshKey } from '../../test/support/keys.js';

const text = `${'ab'.repeat(32)}  image.qcow2\n`;

describe('signatures', () => {
  let directory: string;
  let gpg: GpgHome;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'signature-'));
    gpg = new GpgHome(join(directory, 'gnupg'));
  });
  after(() => {
    gpg.remove();
    rmSync(directory, { recursive: true });
  });

  /** A text and its signature as files. */
  const signed = async (by: 'gpg' | 'ssh', key: string) => {
    const [file, signature] = [join(directory, 'text'), join(directory, 'text.signature')];
    writeFileSync(file, text);
    writeFileSync(signature, await sign(testHost(), { by, key }, text));
    return { file, signature };
  };

  it('by gpg are good for gpgv, with a binary and with an armored keyring', async () => {
    const key = gpg.makeKey('Images <images@example.org>');
    const { file, signature } = await signed('gpg', key);
    for (const keyring of [gpg.export('binary', key), gpg.export('armor', key)]) {
      expect(await checkGpg(testHost(), file, signature, { keyrings: [keyring] })).to.deep.equal({
        good: true,
        signer: `Images <images@example.org> (${key})`,
      });
    }
    writeFileSync(file, text.replace('a', 'c'));
    const keyring = gpg.export('binary', key);
    expect(await checkGpg(testHost(), file, signature, { keyrings: [keyring] })).to.include({ good: false });
  });

  it('by gpg are not good by another key, nor by one that has expired or was revoked', async () => {
    const key = gpg.makeKey('Signer');
    const stranger = gpg.makeKey('Stranger');
    const { file, signature } = await signed('gpg', key);
    expect(await checkGpg(testHost(), file, signature, { keyrings: [gpg.export('binary', stranger)] })).to.deep.equal({
      good: false,
      reason: "gpgv: Can't check signature: No public key",
    });
    gpg.expire(key);
    expect(await checkGpg(testHost(), file, signature, { keyrings: [gpg.export('binary', key)] })).to.include({
      good: false,
    });
    const later = await signed('gpg', stranger);
    gpg.revoke(stranger);
    const keyring = gpg.export('binary', stranger);
    expect(await checkGpg(testHost(), later.file, later.signature, { keyrings: [keyring] })).to.include({
      good: false,
    });
  });

  it('fail with what to do where gpg has no such secret key', async () => {
    const failure = await rejection(sign(testHost(), { by: 'gpg', key: 'nobody@example.org' }, text));
    expect(failure).to.be.instanceOf(Failure);
    expect(failure)
      .to.have.property('message')
      .that.matches(/can't sign with the key nobody@example\.org: .*No secret key/s);
    expect(failure).to.have.property('hint').that.includes('gpg --list-secret-keys');
  });

  it('fail, and do not wait for anybody, where the key is locked and no pinentry can ask', async () => {
    const key = gpg.makeKey('Locked', 'a passphrase');
    const failure = await rejection(sign(testHost(), { by: 'gpg', key }, text));
    expect(failure).to.be.instanceOf(Failure);
    expect(failure)
      .to.have.property('message')
      .that.matches(/can't sign with the key [^]*signing failed/);
    expect(failure).to.have.property('hint').that.includes('default-cache-ttl');
  });

  it('by ssh-keygen are good for those that the allowed signers name', async () => {
    const key = sshKey(join(directory, 'ssh-key'));
    const allowedSigners = join(directory, 'allowed');
    writeFileSync(allowedSigners, `images@example.org ${key.public}\n`);
    const { file, signature } = await signed('ssh', key.file);
    expect(await checkSsh(testHost(), file, signature, { allowedSigners: [allowedSigners] })).to.deep.equal({
      good: true,
      signer: 'images@example.org',
    });
    writeFileSync(file, `${text}more\n`);
    expect(await checkSsh(testHost(), file, signature, { allowedSigners: [allowedSigners] })).to.include({
      good: false,
    });
    writeFileSync(allowedSigners, `images@example.org ${sshKey(join(directory, 'other')).public}\n`);
    expect(await checkSsh(testHost(), file, signature, { allowedSigners: [allowedSigners] })).to.include({
      good: false,
    });
  });

  it('fail where the ssh key is not there, or has a passphrase and no agent', async () => {
    const locked = sshKey(join(directory, 'locked'), 'a passphrase');
    const restore = changeEnvironment({ SSH_AUTH_SOCK: undefined });
    try {
      for (const key of [join(directory, 'nowhere'), locked.file]) {
        const failure = await rejection(sign(testHost(), { by: 'ssh', key }, text));
        expect(failure).to.be.instanceOf(Failure);
        expect(failure).to.have.property('hint').that.includes('ssh-add -L');
      }
    } finally {
      restore();
    }
  });
});
