import type { FileSystem, Layout } from '../../layout/layout.js';

/** A file system, or a subvolume of one, that is mounted, and where. */
export type Mounted = FileSystem & { readonly mount: string };

export function mountedIn(layout: Layout): readonly Mounted[] {
  return layout.fileSystems.flatMap((fileSystem) =>
    [fileSystem, ...fileSystem.subvolumes].flatMap(({ mount }) =>
      mount?.startsWith('/') ? [{ ...fileSystem, mount }] : [],
    ),
  );
}

/** The file system that holds a path of the system; undefined where there is none for `/`. */
export function holderOf(layout: Layout, path: string): Mounted | undefined {
  return holders(layout)(path);
}

/** The same, for many paths. */
export function holders(layout: Layout): (path: string) => Mounted | undefined {
  const deepestFirst = mountedIn(layout).toSorted((a, b) => b.mount.length - a.mount.length);
  return (path) => deepestFirst.find(({ mount }) => isAtOrBelow(path, mount));
}

/** The mount points that lie below another, without those that are below one of them. */
export function mountedBelow(layout: Layout, mount: string): string[] {
  return directlyBelow(
    mount,
    mountedIn(layout).map((fileSystem) => fileSystem.mount),
  );
}

/** Of mount points, those that lie below a path, without those that are below one of them. */
export function directlyBelow(path: string, mounts: readonly string[]): string[] {
  const below = mounts.filter((mount) => mount !== path && isAtOrBelow(mount, path));
  return below.filter((mount) => !below.some((other) => other !== mount && isAtOrBelow(mount, other)));
}

/** A path of the system as the file system that holds it has it. */
export function pathWithin({ mount }: Mounted, path: string): string {
  return mount === '/' ? path : path.slice(mount.length) || '/';
}

function isAtOrBelow(path: string, directory: string): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}
