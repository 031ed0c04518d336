/** What a layer can be exported as. */
export const exportFormats = ['tar', 'oci', 'docker', 'squashfs', 'erofs', 'directory'] as const;

export type ExportFormat = (typeof exportFormats)[number];

/** How exported archives can be compressed. */
export const compressions = ['none', 'gzip', 'zstd', 'xz'] as const;

export type ExportCompression = (typeof compressions)[number];
