import type { Context } from 'mocha';
import { whyNoNamespaces } from '../../src/sandbox/enter.js';
import { testHost } from './host.js';

/** Skips what needs namespaces of its own where the machine has none for this user, and says what to do: `before(needNamespaces)`. */
export async function needNamespaces(this: Context): Promise<void> {
  const missing = await whyNoNamespaces(testHost());
  if (missing === undefined) return;
  console.log(`    ${missing.what}: ${missing.fix}`);
  this.skip();
}
