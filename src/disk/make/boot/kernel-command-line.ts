import type { Layout } from '../../../layout/layout.js';
import type { Mounted } from '../mount-points.js';

/** The words by which a kernel finds the root file system. */
export function rootWords(layout: Layout, root: Mounted, uuid: string): string[] {
  const subvolume = root.subvolumes.find(({ mount }) => mount === '/')?.name;
  return [
    `root=${volumeDevice(layout, root.on) ?? `UUID=${uuid}`}`,
    'ro',
    ...(subvolume === undefined ? [] : [`rootflags=subvol=${subvolume}`]),
  ];
}

/** An initial RAM disk makes the logical volume of this name ready, and knows that it has to. */
function volumeDevice(layout: Layout, on: string): string | undefined {
  const group = layout.volumeGroups.find(({ volumes }) => volumes.some(({ name }) => name === on));
  return group && `/dev/mapper/${escaped(group.name)}-${escaped(on)}`;
}

function escaped(name: string): string {
  return name.replaceAll('-', '--');
}

/**
 * What a distribution's `/etc/default/grub` says of the kernel's command line. Only plain assignments are understood:
 * it is a script.
 */
export function defaultWords(text: string): string[] {
  const value = (name: string): string => {
    const lines = [
      ...text.matchAll(new RegExp(`^\\s*${name}=(?:"([^"$\`\\\\]*)"|'([^']*)'|([^\\s"'$\`\\\\]*))\\s*(?:#.*)?$`, 'gm')),
    ];
    const [, double, single, plain] = lines.at(-1) ?? [];
    return double ?? single ?? plain ?? '';
  };
  return ['GRUB_CMDLINE_LINUX', 'GRUB_CMDLINE_LINUX_DEFAULT'].flatMap((name) =>
    value(name).split(/\s+/).filter(Boolean),
  );
}
