import { isBootstrapped, isDerived, type ImageSpec } from '../config/image-spec.js';
import { Failure, UsageError } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import { bootstrappedOf } from './bootstrapped.js';
import { derivationOf } from './derivation.js';
import { newestImage } from './newest-image.js';

/** Whether an image is there as its section says it now. One that is made of what can't be found is not. */
export async function isBuilt(caller: Caller, spec: ImageSpec): Promise<boolean> {
  if (isBootstrapped(spec)) return (await bootstrappedOf(spec)).state === 'fresh';
  if (!isDerived(spec)) return newestImage(spec.outputDir, spec.name) !== undefined;
  try {
    return (await derivationOf(caller, spec)).state === 'fresh';
  } catch (error) {
    // The checks before its build tell it.
    if (error instanceof Failure || error instanceof UsageError) return false;
    throw error;
  }
}
