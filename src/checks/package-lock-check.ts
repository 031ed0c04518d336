import { isBootstrapped, isInstalled } from '../config/image-spec.js';
import { wantedPackages } from '../images/wanted-packages.js';
import { imagesMeant } from '../packages/request.js';
import type { Check } from './subject.js';

/**
 * Whether groups and flavors of an image are there and without mistakes, and whether its installer, if it has one, can install
 * from a package lock.
 *
 * @throws UsageError with what stands in the way
 */
export const packageLockCheck: Check = async ({ configuration, spec, answerFile }) => {
  if (isBootstrapped(spec)) {
    imagesMeant(configuration, spec.name);
    await wantedPackages(configuration, spec);
  } else if (isInstalled(spec) && answerFile !== undefined) await wantedPackages(configuration, spec);
  return [];
};
