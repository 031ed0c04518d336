import { execFileSync } from 'node:child_process';
import { withSandbox, type ProgramOptions } from '../../src/sandbox/sandbox.js';
import { serve } from '../../src/sandbox/worker.js';

export interface TreeJob {
  readonly root: string;
  readonly words: readonly string[];
  readonly options?: Omit<ProgramOptions, 'onLine'>;
  /** What a shell does before, where the tree is prepared. */
  readonly before?: string;
}

/** Runs one program in a tree that sees this machine's /usr, and returns what it printed. */
await serve(async (host, { root, words, options, before }: TreeJob) => {
  if (before !== undefined) execFileSync('sh', ['-c', before]);
  const printed: string[] = [];
  await withSandbox(host, { root, binds: [{ from: '/usr', to: '/usr', mode: 'read-only' }] }, (sandbox) =>
    sandbox.run(words, { ...options, onLine: (line) => void printed.push(line) }),
  );
  return printed;
});
