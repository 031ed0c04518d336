import { existsSync } from 'node:fs';
import { copyFile, link, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseSums, writeChecksum } from '../../artifacts/checksum.js';
import { companions, descriptions } from '../../artifacts/published.js';
import type { ArtifactFiles } from '../../artifacts/table.js';
import { describeFile, writeDocument } from '../../artifacts/write.js';
import { readBundles, type BundleRecord } from '../../bundles/record.js';
import { promotedDocument, type PromotedFile } from '../../contents/promoted.js';
import { sha256Of } from '../../host/digest.js';
import { Failure } from '../../host/failure.js';
import type { Host } from '../../host/host.js';
import { lockText, writeLock, type PackageLock } from '../../packages/lock-file.js';
import { wantedArtifacts, type Plan } from '../build.js';
import { stage } from '../stage.js';

/** What is promoted: a finished image and what lies beside it. */
export interface PromotedImage {
  readonly name: string;
  readonly files: ArtifactFiles;
  /** Undefined where it was not made from one. */
  readonly lock: PackageLock | undefined;
}

/**
 * A finished image under another name: nothing is built, and its bytes are the same file.
 *
 * @param lockFile where its package lock goes, if it has one
 */
export const promote = (from: PromotedImage, lockFile: string) =>
  stage({
    name: 'promote',
    title: 'Promoting the image',
    leaves: ['image', 'bundles'],
    wants: ({ spec, paths }: Plan) => ({ spec, paths }),
    inputs: () => [from.files.image],
    async run(host, { spec, paths }) {
      const sha256 = await provenSum(host, from.files.image);
      for (const file of [...companions(paths), paths.image]) await rm(file, { force: true });
      // The image gets its name last: however this ends, no image is there without what vouches for it.
      const part = await linked(host, from.files.image, paths.image);
      const release = host.release.hold(part, () => rm(part, { force: true }));
      const image: PromotedFile = { from: basename(from.files.image), to: basename(paths.image), sha256 };
      await writeChecksum(paths.image, sha256);
      const bundles: BundleRecord[] = [];
      const renamed: PromotedFile[] = [image];
      for (const record of (await readBundles(from.files.bundles))?.bundles ?? []) {
        const files = [];
        for (const file of record.files) {
          const to = join(paths.outputDir, nameAs(from, paths, file.name));
          if (file.isDirectory) {
            host.log.warn(`The bundle ${file.name} is a directory, which is not promoted`);
            continue;
          }
          const source = join(dirname(from.files.image), file.name);
          renamed.push(await taken(host, source, to, file.sha256));
          await writeChecksum(to, file.sha256);
          files.push({ ...file, name: basename(to) });
        }
        if (files.length > 0) bundles.push({ ...record, files });
      }
      const lock = from.lock && { ...from.lock, image: spec.section, ...flavorOf(spec.name) };
      const about = {
        ...{ from: from.name, to: spec.name },
        ...(lock && { lock: { name: basename(lockFile), text: lockText(lock) } }),
        ...(existsSync(from.files.manifest) && {
          manifest: (await describeFile(host, from.files.manifest)).sha256,
        }),
      };
      renamed.push(await described(host, from.files.checksum, paths.checksum));
      for (const role of descriptions({ ...wantedArtifacts(spec), signing: undefined })) {
        const document = JSON.parse(await readFile(from.files[role], 'utf8')) as object;
        await writeDocument(
          host,
          paths,
          paths[role],
          promotedDocument(role as 'sbom', document, { ...about, renamed }),
        );
        renamed.push(await described(host, from.files[role], paths[role]));
      }
      if (bundles.length > 0) {
        const source = { name: image.to, sha256 };
        await writeDocument(host, paths, paths.bundles, { schemaVersion: 1, image: spec.name, source, bundles });
      }
      if (lock) await writeLock(lockFile, lock);
      await rename(part, paths.image);
      await release();
      host.log.info(`${spec.name} has the image of ${from.name}${lock === undefined ? '' : ', and its package lock'}`);
      const { bytes } = await describeFile(host, paths.image);
      return { image: { name: image.to, bytes, sha256 }, bundles };
    },
  });

function flavorOf(name: string): { flavor?: string } {
  const at = name.lastIndexOf('@');
  return at <= 0 ? {} : { flavor: name.slice(at + 1) };
}

/** A bundle's own name begins with that of the image, or says nothing of it. */
function nameAs(from: PromotedImage, to: ArtifactFiles, name: string): string {
  const [before, now] = [from.files.sums, to.sums].map((file) => basename(file, '.SHA256SUMS'));
  return before !== undefined && name.startsWith(before) ? `${now}${name.slice(before.length)}` : `${now}.${name}`;
}

/** @throws Failure for an image that is not what its checksum says */
async function provenSum(host: Host, image: string): Promise<string> {
  const promised = existsSync(`${image}.sha256sum`)
    ? parseSums(await readFile(`${image}.sha256sum`, 'utf8'))?.get(basename(image))
    : undefined;
  if (promised === undefined) {
    throw new Failure(`${image}.sha256sum does not vouch for the image`, { hint: 'Build the image again.' });
  }
  const found = await sha256Of(host, image);
  if (found === promised) return found;
  throw new Failure(`${image} is not the image that was built: its SHA-256 sum is ${found}, expected ${promised}`);
}

/** The same file under another name: a hard link, or a copy on another file system. */
async function taken(host: Host, from: string, to: string, sha256: string): Promise<PromotedFile> {
  const part = await linked(host, from, to);
  // rename(2) leaves both names where they are links to the same file already.
  await rm(to, { force: true });
  await rename(part, to);
  return { from: basename(from), to: basename(to), sha256 };
}

/** A temporary name for the same file, beside that which it is to have. */
async function linked(host: Host, from: string, to: string): Promise<string> {
  if (!existsSync(from)) throw new Failure(`${from} is gone: it belongs to the image that is promoted`);
  host.signal.throwIfAborted();
  const part = `${to}.part`;
  await rm(part, { force: true });
  await link(from, part).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EXDEV' && error.code !== 'EPERM' && error.code !== 'EMLINK') throw error;
    return copyFile(from, part);
  });
  return part;
}

async function described(host: Host, from: string, to: string): Promise<PromotedFile> {
  const { sha256, bytes } = await describeFile(host, to);
  return { from: basename(from), to: basename(to), sha256, bytes };
}
