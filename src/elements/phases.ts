/** Where the hooks of a phase run. */
export type PhasePlace = 'host' | 'target';

/** The phases of a build, in their order. */
export const phases = [
  { name: 'root.d', place: 'host' },
  { name: 'extra-data.d', place: 'host' },
  { name: 'pre-install.d', place: 'target' },
  { name: 'install.d', place: 'target' },
  { name: 'post-install.d', place: 'target' },
  { name: 'post-root.d', place: 'host' },
  { name: 'block-device.d', place: 'host' },
  { name: 'pre-finalise.d', place: 'host' },
  { name: 'finalise.d', place: 'target' },
  { name: 'cleanup.d', place: 'host' },
] as const satisfies readonly { name: string; place: PhasePlace }[];

export type PhaseName = (typeof phases)[number]['name'];

export const phaseNames: readonly PhaseName[] = phases.map(({ name }) => name);

/** Sourced before each phase, on the host and in the tree. */
export const environmentDirectory = 'environment.d';

/** The phases in which packages are installed and removed by lists. */
export const packagePhases = ['pre-install.d', 'install.d', 'post-install.d'] as const;

/** The name of a file that dib-run-parts runs; all others are passed over. */
export const hookName = /^[0-9A-Za-z_-]+$/;

/** The name of a file that dib-run-parts sources. */
export const environmentName = /^[0-9A-Za-z_.-]+$/;

/** The order of `sort -n` in the C locale: by the number that a name begins with, then byte by byte. */
export function inHookOrder(one: string, other: string): number {
  return leadingNumber(one) - leadingNumber(other) || Buffer.compare(Buffer.from(one), Buffer.from(other));
}

function leadingNumber(name: string): number {
  return Number(/^\s*-?\d+/.exec(name)?.[0] ?? 0);
}
