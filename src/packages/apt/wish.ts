/** What apt is asked for. */
export interface Wish {
  /** Names and patterns, as apt takes them; essential packages come along. */
  readonly names: readonly string[];
  /** Packages that must not come in, and who says so. */
  readonly excluded: ReadonlyMap<string, string>;
  readonly recommends: boolean;
  /** Further lines of apt_preferences(5). */
  readonly preferences?: string;
}
