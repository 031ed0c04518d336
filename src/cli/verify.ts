import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../host/failure.js';
import { silentLog } from '../host/log.js';
import { verifyImage, type Finding } from '../checks/verify.js';
import { untilSignalled } from './signals.js';

export interface VerifyFlags {
  readonly keyring?: string;
  readonly allowedSigners?: string;
  readonly requireSignature?: boolean;
}

/** Checks downloaded images against what lies beside them; prints a line for each file that is or should be there. */
export async function verify(images: readonly string[], flags: VerifyFlags): Promise<void> {
  const trust = {
    keyring: keyFile(flags.keyring),
    allowedSigners: keyFile(flags.allowedSigners),
    signatureRequired: flags.requireSignature ?? false,
  };
  for (const image of images) {
    const findings = await untilSignalled((signal) => verifyImage({ log: silentLog, signal }, image, trust));
    for (const finding of findings) console.log(line(finding));
    const bad = findings.some(({ outcome }) => outcome === 'bad');
    console.log(`${image}: ${bad ? 'REJECTED' : verdict(findings)}`);
    if (bad) process.exitCode = 1;
  }
}

function keyFile(file: string | undefined): string | undefined {
  if (file !== undefined && !existsSync(file)) throw new UsageError([`${file}: there is no such file`]);
  return file === undefined ? undefined : resolve(file);
}

function verdict(findings: readonly Finding[]): string {
  const signed = findings.some(({ about, outcome }) => outcome === 'good' && /\.(asc|sig)$/.test(about));
  return signed ? 'good, and signed' : 'agrees with what lies beside it; no signature was checked';
}

/** What files say of themselves must not reach a terminal as anything but text. */
function line({ outcome, about, text }: Finding): string {
  return `  ${outcome.padEnd(9)} ${about}: ${text}`.replace(/\p{Cc}/gu, '?');
}
