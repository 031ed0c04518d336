/** What gpgv finds of a signature: GnuPG's doc/DETAILS, "General status codes". */
const verdicts = ['GOODSIG', 'EXPSIG', 'EXPKEYSIG', 'REVKEYSIG', 'BADSIG', 'ERRSIG'] as const;

type Verdict = (typeof verdicts)[number];

/** One signature, as gpgv reports it. */
export interface GpgSignature {
  readonly verdict: Verdict;
  /** The key's long ID. */
  readonly key: string;
  /** The user ID of the key; of a signature that can't be checked, technical words. */
  readonly user: string;
  /** Whether the keyring lacks the key. */
  readonly keyIsMissing: boolean;
  /** In hexadecimal digits; only where the signature fits what it signs. */
  readonly fingerprints: { readonly key: string; readonly primaryKey: string } | undefined;
}

/**
 * Reads the status lines of gpgv. Its exit code does not tell: it is 0 for a good signature by an expired key, and 2 where
 * only one of several signatures is by an unknown key.
 *
 * @param status what `--status-fd` got
 */
export function gpgSignatures(status: string): GpgSignature[] {
  const signatures: GpgSignature[] = [];
  const amend = (more: Partial<GpgSignature>) => {
    const last = signatures.pop();
    if (last !== undefined) signatures.push({ ...last, ...more });
  };
  for (const [, code = '', rest = ''] of status.matchAll(/^\[GNUPG:\] (\S+) ?(.*)$/gm)) {
    const [first = '', ...words] = rest.split(' ');
    const verdict = verdicts.find((candidate) => candidate === code);
    if (verdict !== undefined) {
      signatures.push({ verdict, key: first, user: words.join(' '), keyIsMissing: false, fingerprints: undefined });
    }
    // These follow the verdict on the signature that they belong to.
    if (code === 'VALIDSIG') amend({ fingerprints: { key: first, primaryKey: words.at(-1) ?? first } });
    if (code === 'NO_PUBKEY') amend({ keyIsMissing: true });
  }
  return signatures;
}

/** A good signature: by a key of the keyring that is neither expired nor revoked. */
type GoodSignature = GpgSignature & { readonly fingerprints: NonNullable<GpgSignature['fingerprints']> };

function isGood(signature: GpgSignature): signature is GoodSignature {
  return signature.verdict === 'GOODSIG' && signature.fingerprints !== undefined;
}

/**
 * The policy of apt: one good signature is enough, for archives sign with the keys of several releases. But a signature
 * that does not fit the text shows that it was changed.
 *
 * @param signers fingerprints of primary keys; a signature by one of them is preferred
 */
export function anyGood(signatures: readonly GpgSignature[], signers?: readonly string[]): GoodSignature | undefined {
  if (signatures.some(({ verdict }) => verdict === 'BADSIG')) return undefined;
  const good = signatures.filter(isGood);
  return good.find(({ fingerprints }) => signers?.includes(fingerprints.primaryKey)) ?? good[0];
}

/** The policy for what one builder has signed: one signature, and a good one. */
export function soleGood(signatures: readonly GpgSignature[]): GoodSignature | undefined {
  const [first, ...others] = signatures;
  return first !== undefined && others.length === 0 && isGood(first) ? first : undefined;
}

/**
 * Keys as gpgv takes them. It reads no ASCII armour (RFC 9580, section 6.2), in which keys are published.
 *
 * @param keyring binary, or with one or several armoured blocks
 */
export function withoutArmour(keyring: Buffer): Buffer {
  const blocks = keyring.toString('latin1').matchAll(/^-----BEGIN PGP PUBLIC KEY BLOCK-----\s*$([^]*?)^-----END /gm);
  const keys = [...blocks].map(([, block = '']) => {
    const body = block.replace(/\r/g, '').replace(/^\n?(?:[^\n]*: [^\n]*\n)*[ \t]*\n/, '');
    // The line with the checksum.
    return Buffer.from(body.replace(/^=.{4}$/gm, ''), 'base64');
  });
  return keys.length === 0 ? keyring : Buffer.concat(keys);
}
