import { createHash, randomBytes } from 'node:crypto';

/**
 * Identifiers for what is on a disk, derived from a seed: the same seed and name give the same identifier. Different
 * seeds give different ones, as random ones would be.
 */
export class Identifiers {
  constructor(private readonly seed: Uint8Array) {}

  /** For disks that need not come out the same again. */
  static random(): Identifiers {
    return new Identifiers(randomBytes(32));
  }

  /** In the form of version 4 of RFC 9562, in small letters. @param name what it is for, such as `partition 2` */
  uuid(name: string): string {
    const bytes = this.#bytes(name).subarray(0, 16);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }

  /** Eight hexadecimal digits, not all zero: the id of an MBR, the serial number of a FAT. */
  short(name: string): string {
    const bytes = this.#bytes(name).subarray(0, 4);
    bytes[0]! |= 0x10;
    return bytes.toString('hex');
  }

  /** As LVM writes its ids: 32 letters and digits in groups. */
  lvm(name: string): string {
    const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
    const id = [...this.#bytes(name)].map((byte) => letters[byte % letters.length]).join('');
    return id.replace(/^(.{6})(.{4})(.{4})(.{4})(.{4})(.{4})(.{6})$/, '$1-$2-$3-$4-$5-$6-$7');
  }

  /** 32 bytes. */
  #bytes(name: string): Buffer {
    return createHash('sha256').update(this.seed).update('\0').update(name).digest();
  }
}
