/** Columns of text, two blanks apart, without blanks at the end. @param right the columns that are aligned to the right */
export function columns(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, at) => (right.includes(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `512 B`, `4.0 KiB`, `1.5 GiB`. */
export function spokenSize(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}

/** A forest with lines of box-drawing characters, as tree(1) has them. */
export function forest<T>(
  roots: readonly T[],
  { children, label }: { readonly children: (node: T) => readonly T[]; readonly label: (node: T) => string },
): string[] {
  const below = (node: T, indent: string): string[] =>
    children(node).flatMap((child, at, all) => {
      const isLast = at === all.length - 1;
      return [
        `${indent}${isLast ? '└── ' : '├── '}${label(child)}`,
        ...below(child, `${indent}${isLast ? '    ' : '│   '}`),
      ];
    });
  return roots.flatMap((root) => [label(root), ...below(root, '')]);
}

/** The local time, to the second: `2026-11-26 15:04:05`. */
export function localTime(iso: string): string {
  const date = new Date(iso);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace('T', ' ');
}
