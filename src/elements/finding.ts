/** What is wrong with an element. Errors end a build before it begins; warnings name what would silently do nothing. */
export interface ElementFinding {
  readonly weight: 'error' | 'warning';
  readonly element: string;
  /** The file or directory that it is about. */
  readonly file: string;
  /** Counted from 1, where one line is meant. */
  readonly line?: number;
  readonly message: string;
}

/** `FILE:LINE: MESSAGE`, as compilers write it. */
export function toldFinding({ file, line, message }: ElementFinding): string {
  return `${file}${line === undefined ? '' : `:${line}`}: ${message}`;
}
