import { command, run, type Caller } from '../../host/host.js';
import { readAttributes } from '../extended-attributes.js';
import type { ArchivedTree } from './layer-archive.js';

/** An image of a tree in a file system that is only read. */
export interface FileSystemImage extends ArchivedTree {
  readonly file: string;
  /** The time of the file system itself, in seconds since 1970. */
  readonly time: number;
  /** Paths that are left out, each with all below it; one that ends with `/` stays, without what is in it. `*` is a part of a name. */
  readonly omitted?: readonly string[];
}

/** Attributes that squashfs has: see Documentation/filesystems/squashfs.rst of Linux. */
const ofSquashfs = /^(?:user|trusted|security)\./;

/** Whiteouts and opaque directories stay as overlayfs has them, so that the image can be a layer of a mount. */
export async function writeSquashfs(
  host: Caller,
  { directory, file, what, time, newest, omitted = [] }: FileSystemImage,
): Promise<void> {
  const attributes = await readAttributes(host, directory);
  const lost = [...attributes.values()].filter((each) => [...each.keys()].some((name) => !ofSquashfs.test(name)));
  if (lost.length > 0) {
    host.log.warn(`${what}: squashfs has no access control lists: ${lost.length} entries lose theirs`);
  }
  const options = ['-noappend', '-no-progress', '-quiet', '-comp', 'zstd', '-xattrs'];
  // With -mkfs-time, mksquashfs refuses this variable; without it, it lowers all later times to it.
  const env = { SOURCE_DATE_EPOCH: newest === undefined ? undefined : String(newest) };
  const times = newest === undefined ? ['-mkfs-time', String(time)] : [];
  // Its exclusions take the rest of the command line.
  const excluded = omitted.length > 0 ? ['-wildcards', '-e', ...omitted.map((path) => path.replace(/\/$/, '/*'))] : [];
  await run(host, command('mksquashfs', [directory, file, ...options, ...times, ...excluded], { env }));
}

export async function writeErofs(host: Caller, image: FileSystemImage, contentId: string): Promise<void> {
  const { directory, file, time, newest, omitted = [] } = image;
  const uuid = contentId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
  // mkfs.erofs 1.5 can't lower times: it keeps them, or makes all of them one.
  const times = [`-T${time}`, ...(newest === undefined ? ['--preserve-mtime'] : ['--ignore-mtime'])];
  const env = { SOURCE_DATE_EPOCH: undefined };
  const excluded = omitted.map((path) => `--exclude-regex=${expressionOf(path)}`);
  const options = ['--quiet', '-zlz4hc', ...times, `-U${uuid}`, ...excluded];
  await run(host, command('mkfs.erofs', [...options, file, directory], { env }));
}

/** A path that is left out, as an extended regular expression over whole paths. */
function expressionOf(path: string): string {
  const names = path.replace(/\/$/, '').replaceAll(/[\\.+?()[\]{}|^$]/g, '\\$&');
  return `^${names.replaceAll('*', '[^/]*')}${path.endsWith('/') ? '/' : '(/|$)'}`;
}
