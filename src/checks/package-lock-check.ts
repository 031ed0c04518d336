import { existsSync } from 'node:fs';
import { isBootstrapped, isInstalled } from '../config/image-spec.js';
import { wantedPackages } from '../images/wanted-packages.js';
import { noLock } from '../packages/use-lock.js';
import { foreseen, type Check } from './subject.js';

/**
 * Whether the groups of an image are there and without mistakes, whether its installer, if it has one, can install
 * from a package lock, and whether that is there where it must be.
 *
 * @throws UsageError with what stands in the way
 */
export const packageLockCheck: Check = async ({ configuration, spec, answerFile }) => {
  if (!isBootstrapped(spec) && (!isInstalled(spec) || answerFile === undefined)) return [];
  const wanted = await wantedPackages(configuration, spec);
  if (wanted?.policy !== 'required' || existsSync(wanted.path)) return [];
  return [foreseen(noLock(spec.name, wanted.path))];
};
