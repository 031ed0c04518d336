import type { Sudo } from './account-types.js';

/** A user whom a section `[user NAME]` describes. */
export interface UserAccount {
  readonly name: string;
  /** Empty for none. */
  readonly fullName: string;
  /** Empty or `!` for a locked password. */
  readonly passwordHash: string;
  readonly authorizedKeys: readonly string[];
  readonly groups: readonly string[];
  readonly sudo: Sudo;
  /** A path. */
  readonly shell: string;
}
