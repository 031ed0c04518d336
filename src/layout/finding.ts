/** What is wrong with a layout. */
export interface LayoutFinding {
  /**
   * An `error` is a layout that is invalid, or that would destroy something. What is `unusable` is a layout that nothing can
   * be installed or booted with; it may be shown. A `warning` is something that has no effect.
   */
  readonly weight: 'error' | 'unusable' | 'warning';
  /** From 1; undefined for what concerns the whole layout. */
  readonly line: number | undefined;
  /** Names the key, says what is wrong and what would be right. */
  readonly message: string;
}

/** Collects what is wrong with one layout, so that you see all of it at once. */
export class Findings {
  readonly list: LayoutFinding[] = [];

  error(line: number | undefined, message: string): void {
    this.list.push({ weight: 'error', line, message });
  }

  unusable(line: number | undefined, message: string): void {
    this.list.push({ weight: 'unusable', line, message });
  }

  warn(line: number | undefined, message: string): void {
    this.list.push({ weight: 'warning', line, message });
  }
}
