import type { UserAccount } from '../config/user-account.js';
import type { SignedHelper } from './template.js';

/**
 * What answer-file templates can call for the users that `users` names; `users` stands for its value.
 *
 *     {{#each (accounts users)}}{{this.name}} {{this.fullName}} {{this.shell}} {{this.passwordHash}}{{/each}}
 *     {{#each (accounts users)}}{{#each this.authorizedKeys}}…{{#each this.groups}}…{{#each this.sudoers}}…
 */
export function accountHelpers(users: readonly UserAccount[]): Readonly<Record<string, SignedHelper>> {
  return { accounts: { takes: ['text'], does: () => users.map((user) => ({ ...user, sudoers: sudoers(user) })) } };
}

/** What stands after the user's name in lines of sudoers(5). */
function sudoers({ sudo, passwordHash }: UserAccount): readonly string[] {
  if (sudo.kind === 'rules') return sudo.rules;
  if (sudo.kind === 'none') return [];
  return [['', '!'].includes(passwordHash) ? 'ALL=(ALL:ALL) NOPASSWD: ALL' : 'ALL=(ALL:ALL) ALL'];
}
