/** What begins like an x86 kernel (Documentation/arch/x86/boot.rst), and goes on as is asked. */
export function kernelLike(rest: Buffer | string = ''): Buffer {
  return Buffer.concat([Buffer.alloc(0x202), Buffer.from('HdrS'), Buffer.from(rest)]);
}

/** What begins like an initrd that gzip compressed (RFC 1952), and goes on as is asked. */
export function initrdLike(rest: Buffer | string = ''): Buffer {
  return Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), Buffer.from(rest)]);
}
