import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDerived, type ImageSpec } from '../config/image-spec.js';
import type { Caller } from '../host/host.js';
import { readRecord, writeRecord } from '../layers/record.js';
import { nodeDirectory } from '../nodes/record.js';
import { derivationOf } from './derivation.js';

/** `built-….json` in a node's directory: the image that was made of it. */
interface FinishedImage {
  /** Absolute. */
  readonly image: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly changed: number;
}

/** What a derived image asks for beside its tree: an image that was made otherwise is made again. */
function finishingOf(spec: ImageSpec): string {
  const { outputDir, format, compression, keepRaw, bootTest, bootTestFirmware, golden, goldenExcept } = spec;
  const { manifest, sbom, provenance, signing, destinations, layout } = spec;
  const asked = [
    ...[outputDir, format, compression, keepRaw, bootTest, bootTestFirmware, golden, goldenExcept],
    ...[manifest, sbom, provenance, signing, destinations.map(({ name }) => name), layout?.name],
  ];
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex').slice(0, 16);
}

function recordOf(spec: ImageSpec, node: string): string {
  return join(nodeDirectory(spec.storeDir, node), `built-${finishingOf(spec)}.json`);
}

/** Notes that an image was finished, so that it need not be made again while nothing changes. */
export async function noteFinished(spec: ImageSpec, node: string, image: string): Promise<void> {
  const { size: bytes, ctimeMs: changed } = await stat(image);
  await writeRecord(recordOf(spec, node), { image, bytes, changed } satisfies FinishedImage);
}

/** The image that was made of the same tree in the same way, if it is still there and was not changed. */
export async function finishedImage(caller: Caller, spec: ImageSpec): Promise<string | undefined> {
  if (!isDerived(spec)) return undefined;
  const derivation = await derivationOf(caller, spec);
  if (derivation.state !== 'fresh') return undefined;
  const record = await readRecord<FinishedImage>(recordOf(spec, derivation.node.id));
  const there = record && (await stat(record.image).catch(() => undefined));
  return there?.size === record?.bytes && there?.ctimeMs === record?.changed ? record?.image : undefined;
}
