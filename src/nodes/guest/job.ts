import type { GuestInput } from './inputs.js';
import type { DeriveJob, NodeJob } from '../jobs.js';

/** The disks of the guest that changes a tree, by the names that it knows them by. */
export const guestDisks = {
  tree: 'tree',
  scratch: 'scratch',
  inputs: 'inputs',
  output: 'output',
  store: 'store',
  file: 'file',
} as const;

/** What the guest is asked to do: to make the changes of a derived image. Plain data. */
export interface GuestJob {
  readonly job: DeriveJob;
  /** The files of the build machine that the job names. */
  readonly inputs: readonly GuestInput[];
  /** For the process that works there: what leads to the network. */
  readonly variables: Readonly<Record<string, string>>;
}

/** What the guest has made: an archive at the beginning of its output, with whiteouts in the notation of OCI. */
export interface GuestResult {
  /** Bytes. */
  readonly size: number;
}

/** What a guest is asked to do that has a store of its own. Plain data. */
export interface StoreGuestJob extends Omit<GuestJob, 'job'> {
  readonly job: NodeJob;
}

/** What came of it. */
export interface StoreGuestResult {
  readonly result: unknown;
  /** Bytes at the beginning of its output; undefined for a job without one. */
  readonly size: number | undefined;
  /** The records of the store, by path. */
  readonly records: Readonly<Record<string, string>>;
}
