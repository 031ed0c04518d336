import { KnownSecrets } from '../../src/host/known-secrets.js';
import type { StageHost } from '../../src/engine/stage.js';
import { testHost, type RecordedLog } from './host.js';

/** The real machine for a test of one stage, and what the stage has written down before its end. */
export function testStageHost<State extends object>(
  from: { readonly repeated?: boolean; readonly signal?: AbortSignal } = {},
): StageHost<State> & { readonly log: RecordedLog; readonly checkpoints: Partial<State>[] } {
  const checkpoints: Partial<State>[] = [];
  return {
    ...testHost(from.signal),
    secrets: new KnownSecrets(),
    record: { begun: '2026-01-02T03:04:05.000Z', programs: [], timings: [] },
    repeated: from.repeated ?? false,
    checkpoint: (done) => Promise.resolve(void checkpoints.push(done)),
    checkpoints,
  };
}
