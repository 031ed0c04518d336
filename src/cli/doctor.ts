import { defaultConnection } from '../config/defaults.js';
import { usualFiles } from '../config/configuration-files.js';
import { architecture } from '../config/option-types.js';
import type { Configuration } from '../config/configuration.js';
import { UsageError } from '../host/failure.js';
import { defaultArchitecture, architectureNamed } from '../machine/architectures.js';
import type { WantedMachine } from '../checks/lacking-firmwares.js';
import { deriveWays, toldWays } from '../checks/derive-ways.js';
import { diagnose } from '../checks/doctor.js';
import { silentLog } from '../host/log.js';
import { ReleaseStack } from '../host/release-stack.js';
import { configuredCaches } from './cache-flags.js';
import { loadConfiguration } from './configuration.js';
import { valueOfImage, valuesOfImages } from './values-of-images.js';

export interface DoctorFlags {
  readonly config?: string;
  readonly json?: boolean;
  readonly arch?: string;
}

/** Prints one line for each missing thing, with its fix. Notes on what only makes builds slower go to standard error. */
export async function doctor({ config, json, arch }: DoctorFlags): Promise<void> {
  const host = { log: silentLog, signal: new AbortController().signal, release: new ReleaseStack() };
  const configuration = loadConfiguration(config);
  const findings = await diagnose(host, {
    connections: valuesOfImages(configuration, 'connect', defaultConnection()),
    machines: arch === undefined ? machinesOfImages(configuration) : [machineOf(arch)],
    cacheDirectories: configuredCaches(configuration),
  });
  const ways = await deriveWays(host);
  await host.release.releaseAll(host.log);
  const isReady = findings.every(({ weight }) => weight !== 'missing');
  if (!isReady) process.exitCode = 1;
  const { userFiles } = configuration;
  if (json) {
    console.log(
      JSON.stringify({ ready: isReady, configurationFiles: userFiles, findings, deriveIn: ways }, undefined, 2),
    );
    return;
  }
  for (const { weight, what, fix } of findings) {
    if (weight === 'missing') console.log(`${what}: ${fix}`);
    else console.error(`note: ${what}: ${fix}`);
  }
  console.error(`note: ${toldWays(ways)}`);
  console.error(
    userFiles.length > 0
      ? `note: the configuration is read from ${userFiles.join(' and ')}`
      : `note: there are only the shipped images; ${usualFiles().join(' or ')} would be read if it was there`,
  );
  if (isReady) console.log('This machine has everything that a build needs.');
}

/** What is wrong with the words of a section is told when its image is built. */
function machinesOfImages(configuration: Configuration): WantedMachine[] {
  return configuration.imageNames().map((name) => {
    const firmware = valueOfImage(configuration, name, 'firmware');
    return {
      architecture: architectureNamed(valueOfImage(configuration, name, 'arch') ?? '') ?? defaultArchitecture,
      firmware: firmware === 'bios' || firmware === 'uefi' || firmware === 'uefi-secure' ? firmware : undefined,
    };
  });
}

/** @throws UsageError for a word that is no architecture */
function machineOf(word: string): WantedMachine {
  try {
    return { architecture: architecture.parse(word), firmware: undefined };
  } catch (error) {
    throw new UsageError([`--arch ${word}: expected ${(error as Error).message}`]);
  }
}
