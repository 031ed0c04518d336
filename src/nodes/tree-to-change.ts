/** A tree to change. */
export interface TreeToChange {
  /** Where it is mounted, so that it may be written to. */
  readonly root: string;
  /** A directory for what is needed for the time being, which goes with the tree's build, also where that is killed. */
  readonly scratch: string;
}
