import { expect } from 'chai';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../host/failure.js';
import { changeEnvironment, rejection, testHost } from '../../test/support/host.js';
import { isClearSigned, verifyClearSigned, verifyDetached } from './signature.js';
import { SigningKeys } from '../../test/support/mirror.js';

const text = 'Suite: stable\n- dashes, and blanks at the end  \n';
const long = { options: ['--faked-system-time', '20200101T000000'] };

describe('signatures', () => {
  let keys: SigningKeys;
  let directory: string;
  before(() => {
    keys = new SigningKeys();
    keys.make('archive');
    keys.make('stranger');
    keys.make('expired', '1d', long.options);
    keys.make('revoked');
    directory = mkdtempSync(join(tmpdir(), 'signature-'));
  });
  after(() => {
    keys.close();
    rmSync(directory, { recursive: true });
  });

  const trusting = (...names: string[]) => ({ keyring: keys.keyring(names), scratch: join(directory, 'scratch') });
  const detached = (signature: Buffer, trust = trusting('archive'), data: string | Buffer = text) =>
    verifyDetached(testHost(), 'http://host/SUMS.gpg', Buffer.from(data), signature, trust);
  const clear = (file: Buffer | string, trust = trusting('archive')) =>
    verifyClearSigned(testHost(), 'http://host/InRelease', Buffer.from(file), trust);
  const clearSigned = (...names: string[]) => keys.sign(text, names, { as: 'clearsign' });

  async function refusal(promise: Promise<unknown>): Promise<string> {
    const error = await rejection(promise);
    expect(error).to.be.instanceOf(Failure);
    expect(existsSync(join(directory, 'scratch')), 'scratch').to.be.false;
    return (error as Failure).message;
  }

  it('are good by a key of the keyring, and tell its fingerprint', async () => {
    const { fingerprint } = await detached(keys.sign(text, ['archive']));
    expect(fingerprint)
      .to.equal(keys.fingerprint('archive'))
      .and.to.match(/^[0-9A-F]{40}$/);
    expect((await detached(keys.sign(text, ['archive'], { options: ['--armor'] }))).text).to.equal(text);
    expect(existsSync(join(directory, 'scratch'))).to.be.false;
  });

  it('may hold their text, as InRelease does', async () => {
    const file = clearSigned('archive');
    expect(isClearSigned(file)).to.be.true;
    // Blanks at the end of a line are not signed (RFC 9580, section 7.2).
    expect(await clear(file)).to.deep.equal({
      text: text.replace(/ +$/m, ''),
      fingerprint: keys.fingerprint('archive'),
    });
  });

  it('are checked against keys with ASCII armour, too', async () => {
    const trust = { ...trusting(), keyring: keys.keyring(['stranger', 'archive'], { armour: true }) };
    expect((await detached(keys.sign(text, ['archive']), trust)).fingerprint).to.equal(keys.fingerprint('archive'));
  });

  it('are good if one of them is, and the others are of unknown keys', async () => {
    expect((await clear(clearSigned('stranger', 'archive'))).fingerprint).to.equal(keys.fingerprint('archive'));
  });

  it('of an unknown key are worth nothing, also where gpg itself would trust it', async () => {
    const home = join(directory, 'home');
    mkdirSync(join(home, '.gnupg'), { recursive: true, mode: 0o700 });
    copyFileSync(keys.keyring(['stranger']), join(home, '.gnupg/trustedkeys.gpg'));
    const restore = changeEnvironment({ HOME: home, GNUPGHOME: undefined });
    try {
      const trust = trusting('archive');
      const message = `by the key ${keys.fingerprint('stranger').slice(-16)}, which is not in ${trust.keyring}`;
      expect(await refusal(detached(keys.sign(text, ['stranger']), trust))).to.contain(message);
      expect(await refusal(clear(clearSigned('stranger'), trust))).to.contain(message);
    } finally {
      restore();
    }
  });

  it('of an expired key are worth nothing', async () => {
    const signature = keys.sign(text, ['expired'], long);
    expect(await refusal(detached(signature, trusting('expired')))).to.match(
      /is by a key that has expired: .*expired@/,
    );
  });

  it('of a revoked key are worth nothing', async () => {
    const signature = keys.sign(text, ['revoked']);
    keys.revoke('revoked');
    expect(await refusal(detached(signature, trusting('revoked')))).to.match(
      /is by a key that was revoked: .*revoked@/,
    );
  });

  it('must fit what they sign', async () => {
    const message = 'does not match the file that it signs: the file was modified';
    expect(await refusal(detached(keys.sign('another text', ['archive'])))).to.contain(message);
    expect(await refusal(clear(clearSigned('archive').toString().replace('stable', 'oldold')))).to.contain(message);
  });

  it('made with SHA-1 are worth nothing', async () => {
    const weak = keys.sign(text, ['archive'], { options: ['--digest-algo', 'SHA1'] });
    expect(await refusal(detached(weak))).to.contain('is of a kind that is not trusted');
  });

  it('that hold another text do not vouch for this one', async () => {
    expect(await refusal(detached(keys.sign('another text', ['archive'], { as: 'sign' })))).to.contain("can't be read");
    expect(await refusal(detached(clearSigned('archive'), trusting('archive'), 'another text'))).to.match(/can't|fit/);
  });

  for (const [where, forge] of Object.entries<(file: string) => string>({
    behind: (file) => `${file}\nSHA256:\n 1234 linux\n`,
    'in the place of': (file) => file.replace(/^.*?(?=-----BEGIN PGP SIGNATURE)/s, ''),
    'as a second one behind': (file) => `${file}${file}`,
    'before the armour of': (file) => file.replace('-----BEGIN PGP SIGNATURE', 'unsigned\n-----BEGIN PGP SIGNATURE'),
    before: (file) => `-----BEGIN PGP SIGNED MESSAGE-----\n\nunsigned\n${file}`,
  })) {
    it(`do not cover a text ${where} the signed one`, async () => {
      expect(await refusal(clear(forge(clearSigned('archive').toString())))).to.match(
        /not one signed text|does not match/,
      );
    });
  }

  it('are more than garbage', async () => {
    for (const garbage of ['', 'Not Found', Buffer.alloc(1000, 0x99), keys.sign(text, ['archive']).subarray(0, 60)]) {
      expect(await refusal(detached(Buffer.from(garbage)))).to.contain("can't be read as a signature");
    }
  });

  it('need a keyring that can be read', async () => {
    const signature = keys.sign(text, ['archive']);
    const trust = { ...trusting('archive'), keyring: join(directory, 'none.gpg') };
    expect(await refusal(detached(signature, trust))).to.match(
      /^keyring: can't read .*none\.gpg: no such file or directory$/,
    );
  });

  it('need gpgv', async () => {
    const [signature, trust] = [keys.sign(text, ['archive']), trusting('archive')];
    const restore = changeEnvironment({ PATH: directory });
    try {
      const error = (await rejection(detached(signature, trust))) as Failure;
      expect(error).to.include({ message: 'gpgv: command not found', hint: 'Install the package gpgv.' });
    } finally {
      restore();
    }
  });
});
