import { defaultCacheDirectory, defaultConnection } from '../config/defaults.js';
import { diagnose } from '../checks/doctor.js';
import { silentLog } from '../host/log.js';
import { ReleaseStack } from '../host/release-stack.js';

/** Prints what is missing, one line each with its fix; notes on what is only slower go to standard error. */
export async function doctor(): Promise<void> {
  const host = { log: silentLog, signal: new AbortController().signal, release: new ReleaseStack() };
  const findings = await diagnose(host, defaultConnection(), defaultCacheDirectory());
  await host.release.releaseAll(host.log);
  for (const { weight, what, fix } of findings) {
    if (weight === 'missing') console.log(`${what}: ${fix}`);
    else console.error(`note: ${what}: ${fix}`);
  }
  if (findings.some(({ weight }) => weight === 'missing')) process.exitCode = 1;
  else console.log('Everything that a build needs is here.');
}
