import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure, UsageError } from '../host/failure.js';
import { command, follow } from '../host/host.js';
import { findProgram } from '../host/programs.js';
import { addLayer, allLayers, closedLayer, type Layer } from '../layers/layers.js';
import type { Store } from '../layers/store.js';
import type { DibRequest } from './request.js';

/** The releases that diskimage-builder's elements for Debian call by what they are at the moment. */
const aliases: Readonly<Record<string, string>> = {
  stable: 'trixie',
  oldstable: 'bookworm',
  testing: 'forky',
  unstable: 'sid',
};

/** What diskimage-builder's debian-minimal installs before it runs the first hook, and the kernel that it installs later. */
const packagesOfParent = (arch: string) => [
  ...['systemd-sysv', 'busybox', 'sudo', 'gnupg', 'python3', 'ca-certificates', 'kmod', 'adduser'],
  ...['initramfs-tools', `linux-image-${arch}`],
];

/** Elements that bring Debian. */
const debianElements = ['debian', 'debian-minimal', 'debian-systemd'];

/**
 * The layer on which elements are applied: the one that is named; else a minimal Debian, which mmdebstrap makes once.
 *
 * @throws UsageError if nothing says which system it is to be
 */
export async function parentOf(store: Store, request: DibRequest, importFrom: ImportFrom): Promise<Layer> {
  const { parent, elements, environment, arch } = request;
  if (parent !== undefined) return named(store, parent, importFrom);
  if (!elements.some((name) => debianElements.includes(name))) {
    throw new UsageError([
      "dib: which system? Name a layer or a directory by --parent, or one of Debian's elements, such as debian-minimal",
    ]);
  }
  const said = environment.DIB_RELEASE || 'stable';
  const release = aliases[said] ?? said;
  if (!/^[a-z][a-z0-9-]*$/.test(release)) throw new UsageError([`DIB_RELEASE is '${release}': expected a codename`]);
  const name = `debian-${release}-${arch}`;
  const there = await closed(store, name);
  return there ?? bootstrap(store, { name, release, arch, environment });
}

/** Makes a layer of what a path leads to. */
export type ImportFrom = (store: Store, layer: { readonly name: string; readonly from: string }) => Promise<unknown>;

async function named(store: Store, parent: string, importFrom: ImportFrom): Promise<Layer> {
  const layers = await allLayers(store);
  if (layers.some(({ name }) => name === parent)) return closedLayer(store, parent);
  if (!existsSync(parent)) {
    throw new UsageError([`--parent ${parent}: there is no layer and no directory or archive of that name`]);
  }
  const file = resolve(parent);
  const { mtimeMs, size } = statSync(file);
  const name = `dib-parent-${Math.round(mtimeMs).toString(36)}-${size.toString(36)}`;
  const there = await closed(store, name);
  if (there) return there;
  store.host.log.info(`Importing ${parent} as layer ${name}`);
  await importFrom(store, { name, from: file });
  return closedLayer(store, name);
}

async function closed(store: Store, name: string): Promise<Layer | undefined> {
  return (await allLayers(store)).find((layer) => layer.name === name && layer.state === 'closed');
}

interface Bootstrapped {
  readonly name: string;
  readonly release: string;
  readonly arch: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Nothing of it is in the store until it is whole. */
async function bootstrap(store: Store, { name, release, arch, environment }: Bootstrapped): Promise<Layer> {
  if (findProgram('mmdebstrap') === undefined) {
    throw new Failure(`there is no layer '${name}', and mmdebstrap, which makes one, is not installed`, {
      hint: 'apt-get install mmdebstrap; or name a layer or a directory by --parent.',
    });
  }
  store.host.log.info(`Making the layer ${name} by mmdebstrap, once`);
  const mirror = environment.DIB_DEBIAN_DISTRIBUTION_MIRROR || environment.DIB_DISTRIBUTION_MIRROR;
  const components = (environment.DIB_DEBIAN_COMPONENTS ?? 'main').replaceAll(' ', ',');
  return addLayer(store, {
    name,
    parent: undefined,
    origin: `mmdebstrap ${release}`,
    async fill(directory) {
      const args = [
        ...['--mode=root', '--variant=minbase', '--format=directory', `--architectures=${arch}`],
        ...[`--components=${components}`, `--include=${packagesOfParent(arch).join(',')}`],
        ...['--skip=output/dev,check/empty', release, directory],
        ...(mirror ? [mirror] : []),
      ];
      const tell = (line: string) => {
        store.host.log.debug(line);
        store.host.log.progress({ text: line.slice(0, 100) });
      };
      await follow(store.host, command('mmdebstrap', args), tell);
    },
  });
}
