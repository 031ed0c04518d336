import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/** Calls of node:fs/promises that change something. */
const changing = ['rename', 'rm', 'unlink', 'writeFile', 'mkdir', 'link', 'symlink', 'copyFile', 'chmod'] as const;

/**
 * Does something while the Nth call that changes a file fails, before it changes anything. It fails as it does on a full
 * disk.
 *
 * @param nth from 1
 * @returns whether the action came so far
 */
export async function withFaultAt(nth: number, action: () => Promise<unknown>): Promise<boolean> {
  const originals = changing.map((name) => [name, fs[name]] as const);
  let calls = 0;
  for (const [name, original] of originals) {
    const faulty = async (...args: unknown[]): Promise<unknown> => {
      if (++calls === nth) {
        const path = String(args[0]);
        throw Object.assign(new Error(`ENOSPC: no space left on device, ${name} '${path}'`), {
          ...{ code: 'ENOSPC', errno: -28, syscall: name },
          path,
        });
      }
      return (original as (...args: unknown[]) => Promise<unknown>)(...args);
    };
    Object.assign(fs, { [name]: faulty });
  }
  // The names that modules have imported follow (module, "syncBuiltinESMExports").
  syncBuiltinESMExports();
  try {
    await action();
  } catch (error) {
    if (calls < nth) throw error;
  } finally {
    Object.assign(fs, Object.fromEntries(originals));
    syncBuiltinESMExports();
  }
  return calls >= nth;
}
