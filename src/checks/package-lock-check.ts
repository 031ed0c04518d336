import { isInstalled } from '../config/image-spec.js';
import { wantedPackages } from '../images/wanted-packages.js';
import type { Check } from './subject.js';

/**
 * Whether the installer of an image that has a group, or a package lock, can install from one.
 *
 * @throws UsageError with what stands in the way
 */
export const packageLockCheck: Check = async ({ configuration, spec, answerFile }) => {
  if (isInstalled(spec) && answerFile !== undefined) await wantedPackages(configuration, spec);
  return [];
};
