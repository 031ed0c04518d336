import type { Configuration, Section } from './configuration.js';
import { userNames } from './account-types.js';
import { canonical, type Values } from './option.js';
import { sectionKinds } from './section-kinds.js';
import { SectionReader } from './section-reader.js';
import { didYouMean } from './suggestion.js';
import type { UserAccount } from './user-account.js';
import { userOptions } from './user-options.js';

/**
 * The users that an image's `users` names, each described by a section of its own. [DEFAULT], which serves images, says nothing
 * of them.
 *
 * @param reader that of the image, to whose problems what is wrong is added
 * @param names the value of `users`; one that is no list of names is told where the option is read
 * @param single the value of `user`
 */
export function resolveUsers(
  configuration: Configuration,
  { document }: Section,
  reader: SectionReader,
  names: string,
  single: string | undefined,
): UserAccount[] {
  return listed(names).flatMap((name) => {
    if (name === single) {
      reader.complain(`users: '${name}' is the 'user' already: name it once`, 'users');
      return [];
    }
    const header = `${sectionKinds.user.word} ${name}`;
    const section = document.sections.get(header);
    if (section === undefined) {
      const known = configuration.sectionNames('user').map((each) => each.replace(/^\S+ +/, ''));
      reader.complain(
        `users: there is no section [${header}]${didYouMean(name, known)}; write one, which may be empty`,
        'users',
      );
      return [];
    }
    if (section.problem !== undefined) {
      reader.problems.push(section.problem);
      return [];
    }
    const own = new SectionReader({ name: header, document }, reader.problems);
    own.rejectBothSpellings(sectionKinds.user);
    const set = new Set([...section.options.keys()].map(canonical));
    const table = Object.fromEntries(Object.entries(userOptions).filter(([option]) => set.has(option)));
    const values = own.values(table) as Partial<Values<typeof userOptions>>;
    return [
      {
        name,
        fullName: values.fullName ?? '',
        passwordHash: values.passwordHash ?? '',
        authorizedKeys: values.authorizedKeys ?? [],
        groups: values.groups ?? [],
        sudo: values.sudo ?? { kind: 'none' },
        shell: values.shell ?? userOptions.shell.default,
      },
    ];
  });
}

function listed(names: string): readonly string[] {
  try {
    return userNames.parse(names);
  } catch {
    return [];
  }
}
