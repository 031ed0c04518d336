/**
 * How an archive has access control lists: as attributes (umoci, GNU tar with --xattrs), or only as text (bsdtar, GNU tar
 * with --acls). To tar, the absence of a text means that there is no list.
 */
export type ListKind = 'attributes' | 'text';

const words = { text: 'SCHILY.acl.', attributes: 'SCHILY.xattr.system.posix_acl_' } as const;

/** Finds out how an archive has access control lists. */
export class AccessLists {
  readonly #seen = { text: false, attributes: false };
  #rest = Buffer.alloc(0);

  /** Takes a keyword of an extended header. */
  take(keyword: string): void {
    for (const kind of ['text', 'attributes'] as const) this.#seen[kind] ||= keyword.startsWith(words[kind]);
  }

  /** Takes bytes of an archive in which headers can't be told from content. */
  search(bytes: Buffer): void {
    // A word may begin at the end of the bytes before.
    const seam = Buffer.concat([this.#rest, bytes.subarray(0, 64)]);
    for (const kind of ['text', 'attributes'] as const) {
      this.#seen[kind] ||= bytes.includes(words[kind]) || seam.includes(words[kind]);
    }
    this.#rest = Buffer.from(bytes.subarray(-64));
  }

  get kind(): ListKind {
    return this.#seen.text && !this.#seen.attributes ? 'text' : 'attributes';
  }
}
