import { comparePaths, keywordsOf, type TreeEntry } from './tree-entry.js';

/** One entry that is not the same in two trees. */
export type Difference =
  | { readonly kind: 'added' | 'removed'; readonly path: string; readonly entry: TreeEntry }
  | { readonly kind: 'changed'; readonly path: string; readonly changes: readonly Change[] };

export interface Change {
  /** The manifest's keyword: `mode`, `uid`, `size`, `sha256digest`, `xattr.security.capability` … */
  readonly keyword: string;
  /** undefined where the entry has nothing of the kind. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What differs between two manifests, in their order, with as much memory as two entries need. */
export async function* differences(
  before: AsyncIterable<TreeEntry>,
  after: AsyncIterable<TreeEntry>,
): AsyncGenerator<Difference> {
  const [left, right] = [before[Symbol.asyncIterator](), after[Symbol.asyncIterator]()];
  try {
    let [a, b] = [await next(left), await next(right)];
    while (a !== undefined || b !== undefined) {
      const order = a === undefined ? 1 : b === undefined ? -1 : comparePaths(a.path, b.path);
      if (a && order < 0) yield { kind: 'removed', path: a.path, entry: a };
      else if (b && order > 0) yield { kind: 'added', path: b.path, entry: b };
      else if (a && b) yield* changed(a, b);
      if (order <= 0) a = await next(left);
      if (order >= 0) b = await next(right);
    }
  } finally {
    await left.return?.();
    await right.return?.();
  }
}

async function next(entries: AsyncIterator<TreeEntry>): Promise<TreeEntry | undefined> {
  const result = await entries.next();
  return result.done ? undefined : result.value;
}

function* changed(before: TreeEntry, after: TreeEntry): Generator<Difference> {
  const [a, b] = [keywordsOf(before), keywordsOf(after)];
  const changes = [...new Set([...a.keys(), ...b.keys()])]
    .filter((keyword) => a.get(keyword) !== b.get(keyword))
    .map((keyword) => ({ keyword, before: a.get(keyword), after: b.get(keyword) }));
  if (changes.length > 0) yield { kind: 'changed', path: before.path, changes };
}
