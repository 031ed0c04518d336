import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readSource } from '../config/configuration-files.js';
import { isBootstrapped, isDerived, type ImageSpec } from '../config/image-spec.js';
import type { Caller } from '../host/host.js';
import { readRecord, writeRecord } from '../layers/record.js';
import { nodeDirectory, type NodeRecord } from '../nodes/record.js';
import { readLock } from '../packages/lock-file.js';
import { isLockStale } from '../packages/use-lock.js';
import { bootstrappedOf } from './bootstrapped.js';
import type { Plan } from './build.js';
import { derivationOf } from './derivation.js';
import { kernelWords } from './kernel-words.js';
import { withLayout } from './line.js';

/** `built-….json` in a node's directory: what was made of it. */
interface FinishedImage {
  /** Absolute. */
  readonly image: string;
  /** The image and its bundles. */
  readonly files: readonly FinishedFile[];
}

interface FinishedFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly changed: number;
}

/** What a derived image asks for beside its tree: an image that was made otherwise is made again. */
function finishingOf(spec: ImageSpec): string {
  const { name, outputDir, format, compression, keepRaw, bootTest, bootTestFirmware, golden, goldenExcept } = spec;
  const { manifest, sbom, provenance, signing, destinations, layout, targets, bundleTest } = withLayout(spec);
  const asked = [
    // Two images may have the same tree.
    ...[name, outputDir, format, compression, keepRaw, bootTest, bootTestFirmware, golden, goldenExcept],
    ...[manifest, sbom, provenance, signing, destinations.map(({ name }) => name), targets, bundleTest],
    ...(layout === undefined ? [] : [readSource(layout.file).text, spec.imageSize, kernelWords(spec)]),
  ];
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex').slice(0, 16);
}

function recordOf(spec: ImageSpec, node: string): string {
  return join(nodeDirectory(spec.storeDir, node), `built-${finishingOf(spec)}.json`);
}

/** Notes that an image was finished, so that it need not be made again while nothing changes. Its files are absolute. */
export async function noteFinished(
  spec: ImageSpec,
  node: string,
  { image, bundles }: { readonly image: string; readonly bundles: readonly string[] },
): Promise<void> {
  const described = [image, ...bundles].map(async (path): Promise<FinishedFile> => {
    const { size: bytes, ctimeMs: changed } = await stat(path);
    return { path, bytes, changed };
  });
  await writeRecord(recordOf(spec, node), { image, files: await Promise.all(described) } satisfies FinishedImage);
}

/** What was made of the same tree in the same way, if all of it is still there and was not changed. */
export async function finishedImage(
  caller: Caller,
  plan: Pick<Plan, 'spec' | 'packages'>,
): Promise<string | undefined> {
  const node = await freshNode(caller, plan);
  if (node === undefined) return undefined;
  const record = await readRecord<Partial<FinishedImage>>(recordOf(plan.spec, node.id));
  if (record?.files === undefined) return undefined;
  for (const { path, bytes, changed } of record.files) {
    const there = await stat(path).catch(() => undefined);
    if (there?.size !== bytes || there.ctimeMs !== changed) return undefined;
  }
  return record.image;
}

/** The tree that a build would make, if it is there. Without a lock, packages are the newest of every day. */
async function freshNode(
  caller: Caller,
  { spec, packages }: Pick<Plan, 'spec' | 'packages'>,
): Promise<NodeRecord | undefined> {
  if (isDerived(spec)) {
    const derivation = await derivationOf(caller, spec);
    return derivation.state === 'fresh' ? derivation.node : undefined;
  }
  if (!isBootstrapped(spec) || packages === undefined || packages.policy === 'ignore') return undefined;
  const lock = readLock(packages.path);
  if (lock === undefined || (await isLockStale(caller, packages, lock))) return undefined;
  const standing = await bootstrappedOf(spec);
  return standing.state === 'fresh' ? standing.node : undefined;
}
