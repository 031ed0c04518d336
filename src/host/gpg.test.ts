import { expect } from 'chai';
import { anyGood, gpgSignatures, soleGood, withoutArmour } from './gpg.js';

const status = (...lines: string[]) => gpgSignatures(lines.map((line) => `[GNUPG:] ${line}\n`).join(''));
const valid = (key: string) => `VALIDSIG ${key.repeat(40)} 2026-11-26 1 0 4 0 22 8 00 ${'F'.repeat(40)}`;

describe("gpgv's status lines", () => {
  it('are a signature for each verdict, with what follows it', () => {
    expect(
      status(
        'NEWSIG',
        'GOODSIG ABCD Images <me@host>',
        valid('A'),
        'NEWSIG',
        'ERRSIG CDEF 22 8 00 1 9',
        'NO_PUBKEY CDEF',
      ),
    ).to.deep.equal([
      {
        verdict: 'GOODSIG',
        key: 'ABCD',
        user: 'Images <me@host>',
        keyIsMissing: false,
        fingerprints: { key: 'A'.repeat(40), primaryKey: 'F'.repeat(40) },
      },
      { verdict: 'ERRSIG', key: 'CDEF', user: '22 8 00 1 9', keyIsMissing: true, fingerprints: undefined },
    ]);
  });

  it('are none of a text that only looks like them', () => {
    expect(gpgSignatures('gpgv: [GNUPG:] GOODSIG ABCD me\n')).to.deep.equal([]);
  });

  const good = ['GOODSIG ABCD me', valid('A')];
  for (const [what, lines, any, sole] of [
    ['one good signature', good, true, true],
    ['two good signatures', [...good, ...good], true, false],
    ['a good one beside one of an unknown key', [...good, 'ERRSIG CDEF 22 8 00 1 9', 'NO_PUBKEY CDEF'], true, false],
    ['a good one beside one that does not fit', [...good, 'BADSIG CDEF other'], false, false],
    ['a good word without a valid signature', ['GOODSIG ABCD me'], false, false],
    ['a valid signature by an expired key', ['EXPKEYSIG ABCD me', valid('A')], false, false],
    ['a valid signature by a revoked key', ['REVKEYSIG ABCD me', valid('A')], false, false],
    ['no signature', [], false, false],
  ] as const) {
    it(`with ${what} are ${any ? '' : 'not '}enough for apt, and ${sole ? '' : 'not '}for an image`, () => {
      expect(anyGood(status(...lines)) !== undefined).to.equal(any);
      expect(soleGood(status(...lines)) !== undefined).to.equal(sole);
    });
  }
});

describe('keys', () => {
  const key = Buffer.from('a key, of some length, in binary');
  const armour = (lines: string) =>
    `-----BEGIN PGP PUBLIC KEY BLOCK-----\n${lines}-----END PGP PUBLIC KEY BLOCK-----\n`;
  const body = `${key.toString('base64')}\n`;

  it('are taken out of their armour, however many blocks there are', () => {
    for (const block of [
      armour(`\n${body}=abcd\n`),
      armour(`Version: 1\nComment: of a: kind\n\n${body}=abcd\n`),
      armour(`\n${body}`),
      armour(`\n${body}=abcd\n`).replaceAll('\n', '\r\n'),
      `A text before it.\n${armour(`\n${body}=abcd\n`)}`,
    ]) {
      expect(withoutArmour(Buffer.from(block)).toString(), block).to.equal(key.toString());
      expect(withoutArmour(Buffer.from(`${block}${block}`)).toString(), block).to.equal(
        `${key.toString()}${key.toString()}`,
      );
    }
  });

  it('are left alone where they are binary', () => {
    expect(withoutArmour(key).equals(key)).to.be.true;
  });
});
