/** Where a directory of a volume is in the installed system. */
export interface Place {
  /** The mount point: an absolute path of the system. */
  readonly mountPoint: string;
  /** On btrfs, the subvolume that is mounted there, as a path from the top of the file system; `/` is the top itself. */
  readonly subvolume: string;
}

export const rootPlace: Place = { mountPoint: '/', subvolume: '/' };

/** A path of the system, as it is in what is mounted at a mount point; undefined where it does not lie below that. */
export function below(mountPoint: string, path: string): string | undefined {
  const prefix = mountPoint.replace(/\/$/, '');
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : undefined;
}

/** A path of what is mounted at a mount point, as the system has it. */
export function inSystem(mountPoint: string, path: string): string {
  return mountPoint.replace(/\/$/, '') + path;
}

/** Whether a pattern names a path; `*` stands for any part of one name. */
export function named(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}$`).test(path),
  );
}
