/** What qemu-img calls the formats that it writes. */
export const drivers = { qcow2: 'qcow2', raw: 'raw', vmdk: 'vmdk', vdi: 'vdi', vhd: 'vpc', vhdx: 'vhdx' } as const;

export type ConvertedFormat = keyof typeof drivers;
