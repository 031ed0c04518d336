/** Problems in the order of their files and lines; those without come last, in the order in which they were found. */
export function inOrderOfLines(problems: Iterable<string>): string[] {
  return sortedByLine([...new Set(problems)], (problem) => {
    const [, file, line] = /^([^:\n]+):(\d+): /.exec(problem) ?? [];
    return { file, line: line === undefined ? undefined : Number(line) };
  });
}

/** The same for anything that has a place. Files stand in the order in which they first occur. */
export function sortedByLine<T>(
  findings: readonly T[],
  placeOf: (finding: T) => { readonly file?: string | undefined; readonly line?: number | undefined },
): T[] {
  const files = new Map<string, number>();
  const placed = findings.map((finding) => {
    const { file, line } = placeOf(finding);
    if (file !== undefined && line !== undefined && !files.has(file)) files.set(file, files.size);
    const at = file === undefined || line === undefined ? Infinity : (files.get(file) ?? Infinity);
    return { finding, at, line: line ?? Infinity };
  });
  const difference = (one: number, other: number) => (one === other ? 0 : one - other);
  return placed
    .sort((one, other) => difference(one.at, other.at) || difference(one.line, other.line))
    .map(({ finding }) => finding);
}
