import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { compressor } from '../../layers/export/compressor.js';
import type { ExportCompression } from '../../layers/export/formats.js';
import { layerArchive, type AddedFile, type ArchivedTree } from '../../layers/export/layer-archive.js';
import { writeSquashfs } from '../../layers/export/file-system-image.js';
import { archiveOf, type Member } from '../archive.js';
import { besideOf } from '../../config/bundle-files.js';
import { fileNameOf, writeStream, type Made, type Making } from '../making.js';
import { omits, omittedPaths } from '../omissions.js';
import type { TreeSource } from '../source.js';

/** A tree as a target wants it in an archive. */
export function selected(
  { target, epoch }: Pick<Making, 'target' | 'epoch'>,
  tree: ArchivedTree,
  more: { readonly below?: string; readonly added?: readonly AddedFile[] } = {},
): ArchivedTree {
  return { ...tree, ...more, newest: epoch, omits: omits(omittedPaths(target.omit)) };
}

/** One archive with all files. */
export async function writeTar(making: Making, source: TreeSource): Promise<Made> {
  const { host, target } = making;
  const name = await fileNameOf(making);
  const archive = layerArchive(host, selected(making, source.merged));
  await writeStream(making, name, compressor(host, target.compression as ExportCompression)(archive));
  return { files: [name], omitted: omittedPaths(target.omit) };
}

/**
 * What `wsl --install --from-file` takes: https://learn.microsoft.com/windows/wsl/build-custom-distro. What the system has
 * under these names stays.
 */
export async function writeWsl(making: Making, source: TreeSource): Promise<Made> {
  const { host, target, image } = making;
  const { options } = target;
  const name = await fileNameOf(making);
  const hasSystemd = (options.systemd ?? 'true') !== 'false' && has(source, 'usr/lib/systemd/systemd');
  const uid = options.uid === undefined ? [] : [`defaultUid = ${options.uid}`];
  const files: AddedFile[] = [
    {
      path: 'etc/wsl-distribution.conf',
      content: [
        '[oobe]',
        `defaultName = ${options.name ?? image}`,
        ...uid,
        '',
        '[shortcut]',
        'enabled = true',
        '',
      ].join('\n'),
    },
    { path: 'etc/wsl.conf', content: `[boot]\nsystemd=${String(hasSystemd)}\n` },
  ];
  const added = files.filter(({ path }) => !has(source, path));
  const archive = layerArchive(host, selected(making, source.merged, { added }));
  await writeStream(making, name, compressor(host, target.compression as ExportCompression)(archive));
  return { files: [name], omitted: omittedPaths(target.omit) };
}

/** What `incus image import` takes: https://linuxcontainers.org/incus/docs/main/reference/image_format/. */
export async function writeIncus(making: Making, source: TreeSource): Promise<Made> {
  const { host, target, time, directory, epoch } = making;
  const name = await fileNameOf(making);
  const compress = compressor(host, target.compression as ExportCompression);
  const metadata = await incusMetadata(making, source);
  if (target.subformat === 'unified') {
    const tree = layerArchive(host, selected(making, source.merged, { below: 'rootfs' }));
    await writeStream(making, name, compress(joined(metadata, time, tree)));
    return { files: [name], omitted: omittedPaths(target.omit) };
  }
  await writeStream(making, name, compress(archiveOf(metadata, time)));
  const rootfs = besideOf(name, 'squashfs');
  const file = join(directory, rootfs);
  await writeSquashfs(host, { ...source.merged, file, time, newest: epoch, omitted: omittedPaths(target.omit) });
  return { files: [name, rootfs], omitted: omittedPaths(target.omit) };
}

async function incusMetadata(making: Making, source: TreeSource): Promise<Member[]> {
  const { target, image, time } = making;
  const { distribution, architecture } = await source.facts();
  const release = distribution.version ?? 'rolling';
  const description = target.options.description ?? `${distribution.name} (${image})`;
  const words = {
    architecture: architecture ?? 'x86_64',
    os: distribution.id,
    release,
    description,
    name: `${image}-${release}`,
    serial: new Date(time * 1000).toISOString().slice(0, 16).replace(/[-:]/g, '').replace('T', '_'),
  };
  // A string of JSON is one of YAML as well.
  const properties = Object.entries(words).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}\n`);
  const yaml = [
    `architecture: ${JSON.stringify(words.architecture)}\n`,
    `creation_date: ${time}\n`,
    'properties:\n',
    ...properties,
    'templates:\n',
    '  /etc/hostname:\n    when: [create, copy]\n    template: hostname.tpl\n',
  ];
  return [
    { name: 'metadata.yaml', content: yaml.join('') },
    { name: 'templates/', content: '' },
    { name: 'templates/hostname.tpl', content: '{{ container.name }}\n' },
  ];
}

/** Two archives as one: the first without its end. */
async function* joined(members: readonly Member[], time: number, tree: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer | undefined;
  for await (const chunk of archiveOf(members, time)) {
    if (held !== undefined) yield held;
    held = chunk;
  }
  yield* tree;
}

/** What the template *local* of LXC takes: metadata and files, as the images of linuxcontainers.org have them. */
export async function writeLxc(making: Making, source: TreeSource): Promise<Made> {
  const { host, target, time } = making;
  const name = await fileNameOf(making);
  const meta = besideOf(name, 'meta.tar.xz');
  const { architecture, distribution } = await source.facts();
  const config = (include: string) =>
    [
      'lxc.include = LXC_TEMPLATE_CONFIG/common.conf',
      ...(include === '' ? [] : [`lxc.include = ${include}`]),
      `lxc.arch = ${architecture ?? 'x86_64'}`,
      '',
    ].join('\n');
  const days = Number(target.options.expiry ?? '');
  const expires = Number.isFinite(days) && days > 0 ? time + days * 86400 : time + 10 * 365 * 86400;
  const members: Member[] = [
    { name: 'config', content: config('') },
    { name: 'config-user', content: config('LXC_TEMPLATE_CONFIG/userns.conf') },
    {
      name: 'create-message',
      content: `${distribution.name}: the account root has the password of the image, or none.\n`,
    },
    { name: 'excludes-user', content: 'dev/*\n' },
    { name: 'expiry', content: `${expires}\n` },
    { name: 'templates', content: '/etc/hostname\n' },
  ];
  await writeStream(making, meta, compressor(host, 'xz')(archiveOf(members, time)));
  // lxc-create writes the container's name where this word stands in the files of `templates`.
  const added = [{ path: 'etc/hostname', content: 'LXC_NAME\n' }];
  const archive = layerArchive(host, selected(making, source.merged, { added }));
  await writeStream(making, name, compressor(host, 'xz')(archive));
  return { files: [name, meta], omitted: omittedPaths(target.omit) };
}

function has({ merged }: TreeSource, path: string): boolean {
  return existsSync(join(merged.directory, path));
}
