import { hasKernel } from '../guest/kernel.js';
import { programsForGuests } from '../guest/programs.js';
import type { Caller } from '../host/host.js';
import { findProgram } from '../host/programs.js';
import { builderArchitecture, detectAcceleration } from '../machine/acceleration.js';
import { whyNoNamespaces } from '../sandbox/enter.js';

/** A value of the option `derive-in`, and whether derived images can be made so on this machine. */
export interface DeriveWay {
  readonly way: 'namespace' | 'vm';
  readonly open: boolean;
  /** Why not; of a way that is open, what is to be known of it. */
  readonly why?: string;
}

/** The ways to make derived images. */
export async function deriveWays(caller: Caller): Promise<DeriveWay[]> {
  const closed = await whyNoNamespaces(caller);
  const namespace: DeriveWay = { way: 'namespace', open: closed === undefined, ...(closed && { why: closed.what }) };
  return [namespace, { way: 'vm', ...(await machines()) }];
}

async function machines(): Promise<Omit<DeriveWay, 'way'>> {
  const architecture = builderArchitecture();
  if (architecture === undefined) return { open: false, why: 'no machine of this architecture is known' };
  const lacking = [...programsForGuests, architecture.emulator].filter((name) => findProgram(name) === undefined);
  if (lacking.length > 0) return { open: false, why: `${lacking.join(', ')} is not installed` };
  const { virtType } = await detectAcceleration(architecture);
  const speed = virtType === 'kvm' ? 'by KVM' : 'slow: in software';
  return {
    open: true,
    why: (await hasKernel()) ? speed : `${speed}; only of parents with a kernel: this machine has none for it`,
  };
}

/** For people. */
export function toldWays(ways: readonly DeriveWay[]): string {
  const told = ways.map(
    ({ way, open, why }) => `${way} ${open ? 'is open' : 'is closed'}${why === undefined ? '' : ` (${why})`}`,
  );
  return `derive-in: ${told.join(', ')}`;
}
