/** A disk of a virtual machine, by what a guest needs a driver for. */
export interface DiskDevice {
  /** For people: 'booting from virtio-scsi'. */
  readonly title: string;
  /** libvirt's name of the bus. */
  readonly bus: 'virtio' | 'scsi' | 'sata';
  /** The controller that the bus needs, as libvirt calls its model. */
  readonly controller?: string;
  /** QEMU's device, where libvirt before 11.5 has no name for it; it takes the place of the one that libvirt makes. */
  readonly instead?: string;
}

/** The disks that images meet: of KVM, of OpenStack and Google Cloud, of AWS and real machines, of most others. */
export const diskDevices = {
  virtio: { title: 'virtio-blk', bus: 'virtio' },
  scsi: { title: 'virtio-scsi', bus: 'scsi', controller: 'virtio-scsi' },
  nvme: { title: 'NVMe', bus: 'virtio', instead: 'nvme' },
  sata: { title: 'SATA (AHCI)', bus: 'sata' },
  pvscsi: { title: "VMware's PVSCSI", bus: 'scsi', controller: 'vmpvscsi' },
} as const satisfies Readonly<Record<string, DiskDevice>>;

export type DiskName = keyof typeof diskDevices;

/** Network cards, as QEMU and libvirt call them: of KVM, of real machines, of VMware. */
export const netDevices = ['virtio', 'e1000', 'e1000e', 'vmxnet3', 'rtl8139'] as const;

export type NetName = (typeof netDevices)[number];

/** What a virtual machine is made of beside processors, memory and firmware. */
export interface Devices {
  readonly disk: DiskName;
  readonly net: NetName;
  /** QEMU's machine, one of the architecture's; undefined for the firmware's usual one. */
  readonly type: string | undefined;
}

/** What an image is installed on. */
export const usualDevices: Devices = { disk: 'virtio', net: 'virtio', type: undefined };
