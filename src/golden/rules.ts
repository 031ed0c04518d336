import type { Rule } from './rule.js';
import { accountRules } from './rules/accounts.js';
import { bootRules } from './rules/boot.js';
import { credentialRules } from './rules/credentials.js';
import { identityRules } from './rules/identities.js';
import { networkRules } from './rules/network.js';
import { serviceRules } from './rules/services.js';
import { traceRules } from './rules/traces.js';

/** What every image is checked for, as the manual lists it. */
export const rules: readonly Rule[] = [
  ...identityRules,
  ...networkRules,
  ...accountRules,
  ...credentialRules,
  ...traceRules,
  ...bootRules,
  ...serviceRules,
];
