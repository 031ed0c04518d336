/** What a validator has against an answer file. */
export interface AnswerFileFinding {
  /** From 1; undefined where the validator names none. */
  readonly line: number | undefined;
  readonly message: string;
}
