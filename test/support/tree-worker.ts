import { withSandbox, type ProgramOptions } from '../../src/sandbox/sandbox.js';
import { serve } from '../../src/sandbox/worker.js';

export interface TreeJob {
  readonly root: string;
  readonly words: readonly string[];
  readonly options?: Omit<ProgramOptions, 'onLine'>;
}

/** Runs one program in a tree that sees this machine's /usr, and returns what it printed. */
await serve(async (host, { root, words, options }: TreeJob) => {
  const printed: string[] = [];
  await withSandbox(host, { root, binds: [{ from: '/usr', to: '/usr', mode: 'read-only' }] }, (sandbox) =>
    sandbox.run(words, { ...options, onLine: (line) => void printed.push(line) }),
  );
  return printed;
});
