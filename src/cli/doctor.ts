import { defaultCacheDirectory, defaultConnection } from '../config/defaults.js';
import { diagnose } from '../checks/doctor.js';
import { silentLog } from '../host/log.js';
import { ReleaseStack } from '../host/release-stack.js';

export interface DoctorFlags {
  readonly config?: string;
  readonly json?: boolean;
}

/** Prints what is missing, one line each with its fix; notes on what is only slower go to standard error. */
export async function doctor({ json }: DoctorFlags): Promise<void> {
  const host = { log: silentLog, signal: new AbortController().signal, release: new ReleaseStack() };
  const findings = await diagnose(host, defaultConnection(), defaultCacheDirectory());
  await host.release.releaseAll(host.log);
  const isReady = findings.every(({ weight }) => weight !== 'missing');
  if (!isReady) process.exitCode = 1;
  if (json) {
    console.log(JSON.stringify({ ready: isReady, findings }, undefined, 2));
    return;
  }
  for (const { weight, what, fix } of findings) {
    if (weight === 'missing') console.log(`${what}: ${fix}`);
    else console.error(`note: ${what}: ${fix}`);
  }
  if (isReady) console.log('Everything that a build needs is here.');
}
