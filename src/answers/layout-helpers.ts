import { cloudInit } from '../config/cloud-init-type.js';
import type { Layout } from '../layout/layout.js';
import { dataPartitions, diskOf, fstabLine } from './partitioning/contents.js';
import type { InstalledMachine } from './partitioning/language.js';
import { layoutPackages, needsOf } from './partitioning/packages.js';
import { layoutProblems, partitioningLanguages, type SourcedLayout } from './partitioning/partitioning.js';
import type { TemplateKind } from './escape.js';
import type { SignedHelper } from './template.js';

/** A layout, and where the section names it. */
export interface PlacedLayout extends SourcedLayout {
  readonly place: string;
}

/** What layout-holds can be asked for. */
const holdings = ['BIOS', 'UEFI', 'GPT', 'LVM', 'ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'vfat', 'swap'];

function held(layout: Layout): readonly string[] {
  const types = layout.fileSystems.map(({ type }) => type);
  return [...needsOf(layout), ...types, ...(diskOf(layout).label === 'gpt' ? ['GPT'] : [])];
}

/**
 * What answer-file templates can call where a section says `layout`; `layout` stands for its value.
 *
 *     {{{layout-storage layout}}}                  the layout in the language of the installer
 *     {{#if (layout-holds layout "UEFI")}}         whether it boots by UEFI or BIOS, has GPT, LVM, or a file system: xfs, swap
 *     {{#each (layout-fstab layout)}}{{this.device}} {{this.mount}} {{this.type}} {{this.options}} {{this.dump}} {{this.pass}}{{/each}}
 *     {{#each (layout-packages layout)}}{{this}}{{/each}}   packages for it: boot loaders, tools for its file systems
 *     {{#each (layout-partitions layout)}}{{this.number}} {{this.type}} {{this.name}}{{/each}}
 *     {{#each (growing layout cloud-init)}}{{this}}{{/each}}   mount points of file systems that need a unit to grow with the disk
 *     {{#each (layout-labels layout "vfat")}}{{this.device}} {{this.label}}{{/each}}   file systems of a type
 *
 * @param current the layout of the section; undefined where it names none
 * @param tell is told what the installer can't do
 */
export function layoutHelpers(
  kind: TemplateKind,
  machine: InstalledMachine,
  current: () => PlacedLayout | undefined,
  tell: (problems: readonly string[]) => void,
): Readonly<Record<string, SignedHelper>> {
  const placed = (): PlacedLayout => {
    const found = current();
    if (found === undefined) throw new Error('the section names no layout: write it in {{#if layout}} … {{/if}}');
    return found;
  };
  const read = () => placed().layout;
  const installer = () => {
    if (kind === 'bootstrap') throw new Error('there is no installer that would make a disk');
    return kind;
  };
  return {
    'layout-storage': {
      takes: ['text'],
      does() {
        const problems = layoutProblems(installer(), placed(), machine, placed().place);
        tell(problems);
        return problems.length > 0 ? '' : partitioningLanguages[installer()].write(read(), machine);
      },
    },
    'layout-holds': {
      takes: ['text', 'text'],
      does(_layout: string, what: string) {
        const layout = read();
        if (!holdings.includes(what)) throw new Error(`'${what}': expected one of ${holdings.join(', ')}`);
        return held(layout).includes(what);
      },
    },
    'layout-packages': { takes: ['text'], does: () => layoutPackages(installer(), read(), machine) },
    'layout-fstab': {
      takes: ['text'],
      does: () => read().fstab.map((line) => ({ ...line, options: line.options.join(',') || 'defaults' })),
    },
    'layout-partitions': {
      takes: ['text'],
      does: () => dataPartitions(read()).map(({ number, type, name }) => ({ number, type, name })),
    },
    growing: {
      takes: ['text', 'text'],
      does(layout: string, wanted: string) {
        const grow = layout === '' ? ['/'] : growingMounts(read());
        // cloud-init looks after the root file system itself (cloud-init, "Growpart" and "Resizefs").
        return cloudInit.parse(wanted).on ? grow.filter((mount) => mount !== '/') : grow;
      },
    },
    'layout-labels': {
      takes: ['text', 'text'],
      does: (_layout: string, wanted: string) => {
        const layout = read();
        return layout.fileSystems
          .filter(({ type }) => type === wanted)
          .map((fileSystem) => ({
            label: fileSystem.label,
            device: deviceOf(layout, machine, fileSystem.on),
            mount: fileSystem.mount ?? fstabLine(layout, fileSystem)?.mount,
          }));
      },
    },
  };
}

/** Where the file systems are mounted that a layout lets grow. */
function growingMounts(layout: Layout): string[] {
  return layout.fileSystems.flatMap((one) => {
    const mount = one.mount ?? fstabLine(layout, one)?.mount;
    return one.grow && mount !== undefined ? [mount] : [];
  });
}

/** As the kernel of the installation calls a partition or volume. */
function deviceOf(layout: Layout, { disk }: InstalledMachine, name: string): string {
  const partition = dataPartitions(layout).find((one) => one.name === name);
  if (partition) return `${disk}${partition.number}`;
  const group = layout.volumeGroups.find(({ volumes }) => volumes.some((volume) => volume.name === name));
  return `/dev/${group?.name}/${name}`;
}
