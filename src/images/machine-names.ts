import { createHash } from 'node:crypto';

/** libvirt takes longer names, and makes file names of them, to which it adds up to some forty bytes. */
const longestName = 120;

/**
 * A name for what libvirt keeps of a build, different for each work directory on this machine, so that two builds of
 * one image in different directories don't meet. virt-install (4.1) takes no blank in a name, and libvirt no slash and
 * no line break: whatever is not a letter, a digit or one of `._+-` becomes `_`.
 */
export function nameForLibvirt(baseName: string, workDir: string): string {
  return `${plainName(baseName).slice(0, longestName)}-${shortHash(workDir)}`;
}

/** The name of the domain that installs (`raw`), or that boots the finished image (`boot`). */
export function domainName(baseName: string, workDir: string, what: 'raw' | 'boot'): string {
  return `${nameForLibvirt(baseName, workDir)}.${what}`;
}

/**
 * The image's name and date where virt-install can make the name of a storage pool of it, and a name of its own kind
 * otherwise: the pool of a disk is called like the disk's directory. It ends in the date in any case.
 */
export function poolName(baseName: string): string {
  const plain = plainName(baseName);
  return plain === baseName ? baseName : `${shortHash(baseName)}-${plain}`;
}

function plainName(name: string): string {
  return name.replace(/[^\w.+-]/g, '_');
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
