import { readFileSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { Failure } from './failure.js';

/** Ids that /etc/subuid or /etc/subgid give to a user: `count` of them from `first` on (subuid(5)). */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** Who runs the program, and which ids are theirs. */
export interface TreeReader {
  readonly uid: number;
  readonly subordinateUids: readonly IdRange[];
  readonly subordinateGids: readonly IdRange[];
}

/**
 * The words for unshare(1) that let a program see the files of a tree with the owners that they have in it, and mount
 * over them. Root sees them as they are. Other users see them from a user namespace, in which root is the owner of the
 * tree's own directory: the user, or, where `mmdebstrap --mode=unshare` and its kin made the tree, the first of the
 * user's subordinate ids. `--map-auto --map-root-user` would make the user root in both cases, and move each owner of
 * the latter by one.
 *
 * @throws Failure where the tree belongs to others, whose ids this user can't take on
 */
export async function ownersOfTree(tree: string, caller = thisCaller()): Promise<readonly string[]> {
  const mounts = ['--mount', '--propagation', 'private'];
  if (caller.uid === 0) return mounts;
  const owner = await lstat(tree);
  return [...userNamespace(tree, owner, caller), ...mounts];
}

function userNamespace(tree: string, owner: { uid: number; gid: number }, caller: TreeReader): string[] {
  if (owner.uid === caller.uid) {
    const [users] = caller.subordinateUids;
    const [groups] = caller.subordinateGids;
    if (!users || !groups) return ['--map-root-user'];
    return [
      '--map-root-user',
      `--map-users=${users.first},1,${users.count}`,
      `--map-groups=${groups.first},1,${groups.count}`,
    ];
  }
  const users = caller.subordinateUids.find(({ first }) => first === owner.uid);
  const groups = caller.subordinateGids.find(({ first }) => first === owner.gid);
  if (!users || !groups) throw notTheirs(tree, owner, caller);
  // The user's own id is the last one, so that what it owns can be written.
  const last = Math.min(users.count, groups.count) - 1;
  return [
    ...[`--map-user=${last}`, `--map-users=${users.first},0,${last}`],
    ...[`--map-group=${last}`, `--map-groups=${groups.first},0,${last}`],
    ...['--setuid', '0', '--setgid', '0'],
  ];
}

function notTheirs(tree: string, owner: { uid: number }, { subordinateUids }: TreeReader): Failure {
  const theirs = subordinateUids.length > 0 ? ' nor the first of your subordinate ids' : '';
  const hint =
    subordinateUids.length > 0
      ? "Run it as root, or make the tree as this user: 'mmdebstrap --mode=unshare' does that."
      : 'Run it as root; or give this user subordinate ids (usermod --add-subuids, --add-subgids), and make the tree by them.';
  return new Failure(
    `the tree ${tree} belongs to the user ${owner.uid}, which is neither you${theirs}: its owners can't be read`,
    {
      hint,
    },
  );
}

function thisCaller(): TreeReader {
  const uid = process.getuid?.() ?? 0;
  const names = [String(uid), nameOfUser()];
  return {
    uid,
    subordinateUids: idRanges(contentOf('/etc/subuid'), names),
    subordinateGids: idRanges(contentOf('/etc/subgid'), names),
  };
}

/** The lines `NAME:FIRST:COUNT` of a user, who may be named by name or by id. */
export function idRanges(text: string, names: readonly string[]): IdRange[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', first, count] = line.trim().split(':');
    return names.includes(name) ? [{ first: Number(first), count: Number(count) }] : [];
  });
}

function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without an account, as in containers.
    return '';
  }
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
