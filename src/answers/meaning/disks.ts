/** Disks that a virtual machine of ours does not have: its disk is virtio's, /dev/vda, and the only one to install on. */
const foreignDisk =
  /^(?:\/dev\/)?(?:sd[a-z]+|hd[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+|dasd[a-z]+|vd[b-z])(?:p?\d+|[*?])?$/;

/** The first of these names that is no disk of the installation's virtual machine; names of another kind are passed over. */
export function missingDisk(names: readonly string[]): string | undefined {
  return names.find((name) => foreignDisk.test(name));
}

/** What to say of it. */
export function missingDiskMessage(setting: string, disk: string): string {
  return `${setting}: there is no disk ${disk}; the disk is ${disk.startsWith('/dev/') ? '/dev/vda' : 'vda'}`;
}
