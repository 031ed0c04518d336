import { fullName, groupNames, shellPath, sudo } from './account-types.js';
import { authorizedKeys, passwordHash } from './description-types.js';
import { option, type Option } from './option.js';

/** Options of a section `[user NAME]`. */
export const userOptions = {
  'full-name': option(fullName, { group: 'users', doc: "The user's name, as others see it." }),
  'password-hash': option(passwordHash, {
    group: 'users',
    doc: "Hash of the user's password, like **root-password-hash**. Without one, the password is locked.",
    secret: true,
  }),
  'authorized-keys': option(authorizedKeys, {
    group: 'users',
    doc: 'Public keys that may log in as this user, one per line, as for **ssh-authorized-keys**. Those of **ssh-authorized-keys** may not.',
  }),
  groups: option(groupNames, {
    group: 'users',
    doc: "Further groups of the user, separated by blanks. A group that is not there is created; the user's own has its name.",
  }),
  sudo: option(sudo, {
    group: 'users',
    doc: "What the user may do by **sudo**: *no*; *yes*, which is everything, with the password or without one if it is locked; or rules of sudoers(5) without the user's name, one per line, such as *ALL=(root) NOPASSWD: /usr/bin/systemctl restart nginx*. A rule that **visudo** does not take ends the installation.",
    default: 'no',
  }),
  shell: option(shellPath, { group: 'users', doc: 'The login shell.', default: '/bin/bash' }),
} as const satisfies Record<string, Option<unknown>>;
