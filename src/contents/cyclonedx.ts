import { createHash } from 'node:crypto';
import type { Artifact } from './artifact.js';
import type { Inventory } from './inventory.js';
import { packageUrl } from './package-url.js';

/** What an SBOM is made of. */
export interface SbomInput {
  /** The image's name in the configuration. */
  readonly name: string;
  readonly image: Artifact;
  readonly inventory: Inventory;
  /** The version of image-factory. */
  readonly toolVersion: string;
  readonly time: Date;
}

const imageRef = 'image';
const systemRef = 'system';

/**
 * A software bill of materials, CycloneDX 1.6 (ECMA-424). The same image gives the same document but for `time`: the
 * serial number is derived from all the rest.
 */
export function cycloneDx({ name, image, inventory, toolVersion, time }: SbomInput): object {
  const { distribution, installed } = inventory;
  const packages =
    installed.format === 'unknown'
      ? []
      : installed.packages.map((item) => {
          const purl = packageUrl(installed.format, distribution, item);
          return { type: 'library', 'bom-ref': purl, name: item.name, version: item.version, purl };
        });
  const system = {
    type: 'operating-system',
    'bom-ref': systemRef,
    name: distribution.id,
    ...(distribution.version === undefined ? {} : { version: distribution.version }),
    description: distribution.name,
  };
  const content = {
    component: {
      type: 'file',
      'bom-ref': imageRef,
      name: image.name,
      description: `The image ${name}`,
      hashes: [{ alg: 'SHA-256', content: image.sha256 }],
    },
    components: [system, ...packages],
    dependencies: [
      { ref: imageRef, dependsOn: [systemRef] },
      { ref: systemRef, dependsOn: packages.map((item) => item['bom-ref']) },
    ],
    // Says so where the list of packages could not be read, instead of claiming that there are none.
    ...(installed.format === 'unknown'
      ? { compositions: [{ aggregate: 'unknown', assemblies: [imageRef, systemRef] }] }
      : {}),
  };
  const { component, ...rest } = content;
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(content))}`,
    version: 1,
    metadata: {
      timestamp: time.toISOString(),
      tools: { components: [{ type: 'application', name: 'image-factory', version: toolVersion }] },
      component,
    },
    ...rest,
  };
}

/** The same document with a serial number that follows from what it says now. */
export function withSerialNumber(document: object): object {
  const { serialNumber: _before, ...rest } = document as { serialNumber?: string };
  void _before;
  return { ...document, serialNumber: `urn:uuid:${uuidOf(JSON.stringify(rest))}` };
}

/** The SHA-256 sums of the image that an SBOM of this kind names. */
export function sumsInCycloneDx(document: unknown): string[] {
  const { metadata } = document as { metadata?: { component?: { hashes?: { alg?: string; content?: string }[] } } };
  const hashes = metadata?.component?.hashes ?? [];
  return hashes.flatMap(({ alg, content }) => (alg === 'SHA-256' && content !== undefined ? [content] : []));
}

/** A UUID of version 8: made in a way of our own (RFC 9562, section 5.8), here from a digest. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
