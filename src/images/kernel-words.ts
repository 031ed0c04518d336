import { split } from 'shlex';
import type { ImageSpec } from '../config/image-spec.js';

/** What the kernel is told on a disk of our own: **kernel-arguments**, or where its console is. */
export function kernelWords({ variables, arch }: Pick<ImageSpec, 'variables' | 'arch'>): readonly string[] {
  return split(variables['kernel-arguments'] ?? `console=tty0 console=${arch.serialDevice},115200`);
}
