/** A file that a build leaves. */
export interface Artifact {
  /** Without a directory. */
  readonly name: string;
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** A file that the installation was made of, or what is known of it. */
export interface Material {
  readonly name: string;
  /** Where it came from, without user, password and query. */
  readonly uri: string;
  readonly sha256: string;
  readonly bytes: number;
  /** What vouched for it, each with its kind under `by`; empty if nothing did. */
  readonly verified: readonly { readonly by: string }[];
}

/** The tree that an image was made of, in the store. */
export interface StoredTree {
  /** Its id: the SHA-256 sum of what it was made of. */
  readonly node: string;
  readonly layer: string;
  /** Of the tree, with all layers below. */
  readonly contentId: string;
}

/** What an image was derived from, and what of. */
export interface DerivedFrom extends StoredTree {
  /** As the section names it. */
  readonly parent: string;
  /** By what people call them: a text, or a SHA-256 sum. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** The package lock that an image was made from. */
export interface LockedFrom {
  /** The name of its file; undefined for one that was made for this build alone. */
  readonly name?: string;
  /** Of its text. */
  readonly sha256: string;
  /** How many packages it has. */
  readonly packages: number;
}

/** The image that another one is, under another name. */
export interface PromotedFrom {
  readonly image: string;
  /** The file's name. */
  readonly file: string;
  /** The SHA-256 of its manifest. */
  readonly manifest: string;
}

/** The rendered answer file: never its content, which may hold password hashes. */
export interface AnswerFileSum {
  readonly kind: string;
  /** As the installer found it. */
  readonly name: string;
  readonly sha256: string;
}
