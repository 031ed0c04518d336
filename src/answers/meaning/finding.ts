/** Something that an answer file says and the installer will not do as it is meant. */
export interface MeaningFinding {
  /** From 1; undefined where something is missing. */
  readonly line: number | undefined;
  readonly message: string;
  /** An error is sure to spoil the installation; a warning may be meant so. */
  readonly weight: 'error' | 'warning';
}
