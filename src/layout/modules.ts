/** The modules of the language, and their keys. */
export const moduleKeys = {
  local_loop: ['name', 'size', 'directory', 'block_size'],
  partitioning: ['name', 'base', 'label', 'align', 'partitions'],
  lvm: ['name', 'base', 'pvs', 'vgs', 'lvs'],
  mkfs: ['name', 'base', 'type', 'label', 'opts', 'uuid', 'grow', 'subvolumes'],
  mount: ['name', 'base', 'mount_point'],
  fstab: ['name', 'base', 'options', 'dump-freq', 'fsck-passno'],
} as const;

/** The keys of what stands in the lists of modules. */
export const itemKeys = {
  partition: ['name', 'base', 'size', 'type', 'flags'],
  pv: ['name', 'base', 'options'],
  vg: ['name', 'base', 'options'],
  lv: ['name', 'base', 'size', 'extents', 'type', 'thin-pool', 'options'],
  subvolume: ['name'],
} as const;

export type ModuleName = keyof typeof moduleKeys;

export const moduleNames = Object.keys(moduleKeys) as ModuleName[];

export function isModule(name: string): name is ModuleName {
  return Object.hasOwn(moduleKeys, name);
}

/** What has a name in a layout, and may be a base. */
export type NodeKind =
  'local_loop' | 'partition' | 'lvm' | 'pv' | 'vg' | 'lv' | 'mkfs' | 'subvolume' | 'mount' | 'fstab';

export const kindWords: Readonly<Record<NodeKind, string>> = {
  local_loop: 'disk',
  partition: 'partition',
  lvm: 'lvm',
  pv: 'physical volume',
  vg: 'volume group',
  lv: 'logical volume',
  mkfs: 'file system',
  subvolume: 'subvolume',
  mount: 'mount',
  fstab: 'fstab entry',
};

const encryption =
  'encryption is not possible: the passphrase would have to be in the configuration, and every machine made from the image would share its key; encrypt at the first boot (systemd-repart, cryptsetup reencrypt)';

/** Why there is no module of a name that people look for; undefined for any other word. */
export function whyMissing(name: string): string | undefined {
  return name === 'luks' ? encryption : undefined;
}
