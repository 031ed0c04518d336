import { resolve } from 'node:path';
import { defaultCacheDirectory, defaultConnection } from '../config/defaults.js';
import { usualFiles } from '../config/configuration-files.js';
import { directory } from '../config/option-types.js';
import { diagnose } from '../checks/doctor.js';
import { silentLog } from '../host/log.js';
import { ReleaseStack } from '../host/release-stack.js';
import { loadConfiguration } from './configuration.js';
import { valuesOfImages } from './values-of-images.js';

export interface DoctorFlags {
  readonly config?: string;
  readonly json?: boolean;
}

/** Prints one line for each missing thing, with its fix. Notes on what only makes builds slower go to standard error. */
export async function doctor({ config, json }: DoctorFlags): Promise<void> {
  const host = { log: silentLog, signal: new AbortController().signal, release: new ReleaseStack() };
  const configuration = loadConfiguration(config);
  const cacheDirectories = valuesOfImages(configuration, 'cache-dir', defaultCacheDirectory());
  const findings = await diagnose(host, {
    connections: valuesOfImages(configuration, 'connect', defaultConnection()),
    cacheDirectories: [...new Set(cacheDirectories.map((name) => resolve(directory.parse(name))))],
  });
  await host.release.releaseAll(host.log);
  const isReady = findings.every(({ weight }) => weight !== 'missing');
  if (!isReady) process.exitCode = 1;
  const { userFiles } = configuration;
  if (json) {
    console.log(JSON.stringify({ ready: isReady, configurationFiles: userFiles, findings }, undefined, 2));
    return;
  }
  for (const { weight, what, fix } of findings) {
    if (weight === 'missing') console.log(`${what}: ${fix}`);
    else console.error(`note: ${what}: ${fix}`);
  }
  console.error(
    userFiles.length > 0
      ? `note: the configuration is read from ${userFiles.join(' and ')}`
      : `note: there are only the shipped images; ${usualFiles().join(' or ')} would be read if it was there`,
  );
  if (isReady) console.log('This machine has everything that a build needs.');
}
