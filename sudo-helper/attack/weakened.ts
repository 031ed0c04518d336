import type { Kind } from './corpus.js';

/** One protection taken away from the helper, and the kind of attack that must notice it. */
export interface Weakness {
  readonly without: string;
  readonly noticedBy: Kind;
  /** Lines of the helper, and what stands in their place. */
  readonly changes: readonly (readonly [line: string | RegExp, instead: string])[];
}

export const weaknesses: readonly Weakness[] = [
  {
    without: 'taking hold of the image before it is checked',
    noticedBy: 'swapped paths',
    changes: [
      [/^\/usr\/bin\/mount .* --bind -- "\$image" "\$pinned".*$/m, '/usr/bin/ln -sfn -- "$image" "$pinned"'],
      ['/usr/bin/stat --format', '/usr/bin/stat -L --format'],
    ],
  },
  {
    without: 'the question whose file it is',
    noticedBy: "root's files and other devices",
    changes: [[/^\[\[ "\$uid" == 0 .*\n/m, '']],
  },
  {
    without: 'the form of OFFSET',
    noticedBy: 'control characters, NUL, globs, shell words',
    changes: [[/^\[\[ "\$offset" =~ .*\n/m, '']],
  },
  {
    without: 'the refusal of links in the image',
    noticedBy: 'hostile file systems',
    changes: [
      ['nosymfollow,noatime', 'noatime'],
      ['noexec nosymfollow', 'noexec'],
      [' && ! -L "$path" ]] || return 1', ' ]] || return 1'],
      ['/usr/bin/find -P', '/usr/bin/find -L'],
    ],
  },
  {
    without: 'a mount namespace of its own',
    noticedBy: 'hostile file systems',
    changes: [
      ['/usr/bin/unshare --mount --propagation private -- ', ''],
      ['if [[ "${OUTER_NAMESPACE:-$namespace}" == "$namespace" ]]', 'if [[ -z "${OUTER_NAMESPACE:-}" ]]'],
    ],
  },
];

/** @throws Error where the helper has no such line (any more) */
export function weaken(helper: string, { without, changes }: Weakness): string {
  return changes.reduce((text, [line, instead]) => {
    const changed = text.replace(line, () => instead);
    if (changed === text) throw new Error(`the helper has nothing like ${String(line)}: ${without} can't be tried`);
    return changed;
  }, helper);
}
