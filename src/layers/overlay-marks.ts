type Marks = ReadonlyMap<string, Buffer> | undefined;

/** What overlayfs, or fuse-overlayfs, keeps in attributes for itself: with CAP_SYS_ADMIN, as a user, in user space. */
const ownNames = /^(?:trusted\.overlay|user\.overlay|(?:user|trusted|security)\.fuseoverlayfs)\./;

/**
 * Attributes that say something of the machine rather than of the tree: SELinux labels follow the policy of the place
 * where the tree lies (umoci and podman leave them out as well), btrfs's own are properties of the file system.
 */
const ofThePlace = /^(?:security\.(?:selinux|ima|evm)$|btrfs\.)/;

/** Whether an attribute is one that overlayfs keeps for itself. */
export function isOverlayMark(name: string): boolean {
  return ownNames.test(name);
}

/** Whether a directory hides what the layers below have in it. `x` has another meaning: that whiteouts lie in it. */
export function isOpaque(marks: Marks): boolean {
  return [...(marks ?? [])].some(
    ([name, value]) => ownNames.test(name) && name.endsWith('.opaque') && value.toString('latin1').startsWith('y'),
  );
}

/** Whether an empty file stands for a whiteout: overlayfs's notation where no device can be made (Linux 6.7). */
export function isWhiteoutFile(marks: Marks): boolean {
  return [...(marks ?? [])].some(([name]) => ownNames.test(name) && name.endsWith('.whiteout'));
}

/** The attributes that belong to the content; undefined if there are none. */
export function ofContent(marks: Marks): Marks {
  const kept = [...(marks ?? [])].filter(([name]) => !ownNames.test(name) && !ofThePlace.test(name));
  return kept.length > 0 ? new Map(kept) : undefined;
}
