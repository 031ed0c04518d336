import { open } from 'node:fs/promises';

/** Features without which a file system can't be read, and that e2fsprogs 1.44 and later know (ext4_fs.h, EXT4_FEATURE_INCOMPAT_*). */
const knownFeatures = 0x3e6d2;

const needsRecovery = 0x4;

/**
 * Whether an ext file system was unmounted, has no errors that the kernel noted, and nothing in its journal: it can be read as it
 * is. The format is that of the kernel's "ext4 Data Structures", "The Super Block".
 *
 * @param offset where it begins on the disk, in bytes
 */
export async function isUnmounted(disk: string, offset: number): Promise<boolean> {
  const file = await open(disk);
  try {
    const { buffer } = await file.read(Buffer.alloc(1024), 0, 1024, offset + 1024);
    const state = buffer.readUInt16LE(0x3a);
    const features = buffer.readUInt32LE(0x60);
    return (state & 3) === 1 && (features & needsRecovery) === 0 && (features & ~knownFeatures) === 0;
  } finally {
    await file.close();
  }
}
