import { closeSync, openSync, readFileSync } from 'node:fs';

/** A line of proc_pid_mountinfo(5). */
export interface Mount {
  /** What the kernel calls it in `mnt_id:` of /proc/PID/fdinfo, too. */
  readonly id: string;
  readonly mountPoint: string;
  /** Those of the mount, not of its file system: `rw`, `nosuid`. */
  readonly options: readonly string[];
  readonly type: string;
  readonly source: string;
}

/** @param text of a mountinfo file, in which the kernel writes blanks, tabs, line breaks and backslashes as `\ooo` */
export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after] = line.split(' - ');
    const [type, source] = after?.split(' ') ?? [];
    const [id, , , , mountPoint, options] = before.split(' ');
    if (id === undefined || mountPoint === undefined || options === undefined) return [];
    if (type === undefined || source === undefined) return [];
    const names = { mountPoint: unescaped(mountPoint), source: unescaped(source) };
    return [{ id, ...names, options: options.split(','), type }];
  });
}

function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes = Buffer.from(text).toString('latin1');
  const plain = bytes.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  return Buffer.from(plain, 'latin1').toString();
}

/** The mounts that this process sees. */
export function mountsHere(): Mount[] {
  return parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** The mount that a file or directory lies in. The kernel is asked, because a path can't tell it where mounts hide others. */
export function mountOf(path: string): Mount | undefined {
  const file = openSync(path, 'r');
  try {
    const [, id] = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${file}`, 'utf8')) ?? [];
    return mountsHere().find((mount) => mount.id === id);
  } finally {
    closeSync(file);
  }
}
