import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../host/failure.js';
import { silentLog } from '../host/log.js';
import { verifyImage, type Finding } from '../checks/verify.js';
import { untilSignalled } from './signals.js';

export interface VerifyFlags {
  readonly keyring?: readonly string[];
  readonly allowedSigners?: readonly string[];
  readonly requireSignature?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** The result for one image. */
interface Verified {
  readonly image: string;
  readonly accepted: boolean;
  readonly findings: readonly Finding[];
}

/** Checks downloaded images against their sidecar files. Prints a line for each sidecar that is or should be there. */
export async function verify(images: readonly string[], flags: VerifyFlags): Promise<void> {
  const trust = {
    keyrings: flags.keyring?.map(keyFile),
    allowedSigners: flags.allowedSigners?.map(keyFile),
    signatureRequired: flags.requireSignature ?? false,
  };
  const all: Verified[] = [];
  for (const image of images) {
    const findings = await untilSignalled((signal) => verifyImage({ log: silentLog, signal }, image, trust));
    const verified = { image, accepted: findings.every(({ outcome }) => outcome !== 'bad'), findings };
    all.push(verified);
    if (!verified.accepted) process.exitCode = 1;
    if (!flags.json && !(flags.quiet && verified.accepted)) tell(verified);
  }
  if (flags.json) console.log(JSON.stringify({ images: all }, undefined, 2));
}

function tell({ image, accepted, findings }: Verified): void {
  for (const finding of findings) console.log(line(finding));
  console.log(`${image}: ${accepted ? verdict(findings) : 'REJECTED'}`);
}

function keyFile(file: string): string {
  if (!existsSync(file)) throw new UsageError([`${file}: there is no such file`]);
  return resolve(file);
}

function verdict(findings: readonly Finding[]): string {
  const signed = findings.some(({ about, outcome }) => outcome === 'good' && /\.(asc|sig)$/.test(about));
  return signed ? 'good, and signed' : 'matches the files beside it; no signature was checked';
}

/** Control characters from untrusted files must not reach the terminal. */
function line({ outcome, about, text }: Finding): string {
  return `  ${outcome.padEnd(9)} ${about}: ${text}`.replace(/\p{Cc}/gu, '?');
}
