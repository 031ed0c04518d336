import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { sumsInCycloneDx } from '../contents/cyclonedx.js';
import { fileInManifest } from '../contents/manifest.js';
import { subjectsOf } from '../contents/provenance.js';
import { errnoOf, reasonOf } from '../host/errno.js';
import { UsageError } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import { sha256Of } from '../host/digest.js';
import { parseSums } from '../artifacts/checksum.js';
import { readBundles } from '../bundles/record.js';
import {
  artifactKinds,
  artifactNames,
  baseNameOf,
  rolesFor,
  signatureOf,
  signatureSuffixes,
  signedRoles,
  type ArtifactFiles,
  type ArtifactRole,
  type SignatureKind,
} from '../artifacts/table.js';
import { checkGpg, checkSsh, type TrustedKeys, type Verdict } from '../publish/signature-check.js';

/** In bytes. The bill of materials of a large image has some megabytes. */
const LARGEST_DOCUMENT = 256 * 2 ** 20;

/** The result for one sidecar file, or for a missing one. */
export interface Finding {
  /** Only `bad` rejects an image. */
  readonly outcome: 'good' | 'bad' | 'absent' | 'unchecked';
  /** The file's name. */
  readonly about: string;
  readonly text: string;
}

export interface Trust extends TrustedKeys {
  /** Whether the image must be signed. Implied by given keys. */
  readonly signatureRequired: boolean;
}

/**
 * Checks a downloaded image against its sidecar files: checksum, sums of all artifacts, their signatures, manifest,
 * SBOM and provenance.
 *
 * @returns a result for each sidecar that could be there
 * @throws UsageError if the image is not there, or is one of those files itself
 */
export async function verifyImage(host: Caller, image: string, trust: Trust): Promise<Finding[]> {
  return new Verification(host, image, await sizeOf(image), trust).findings();
}

async function sizeOf(image: string): Promise<number> {
  if (/\.(sha256sum|SHA256SUMS|asc|sig|json)$/.test(image)) {
    throw new UsageError([`${image}: name the image itself; the files beside it are found by its name`]);
  }
  const found = await stat(image).catch((error: Error) => {
    throw new UsageError([`${image} can't be read: ${reasonOf(error)}`]);
  });
  if (!found.isFile()) throw new UsageError([`${image} is not a file`]);
  return found.size;
}

class Verification {
  readonly #findings: Finding[] = [];
  readonly #name: string;
  readonly #directory: string;
  readonly #files: ArtifactFiles;
  /** The content of each sidecar that exists, by name. */
  readonly #there = new Map<string, string>();
  #sum = '';
  /** What the image is a bundle of; undefined where it is none. */
  #bundleOf: string | undefined;

  constructor(
    readonly host: Caller,
    readonly image: string,
    readonly bytes: number,
    readonly trust: Trust,
  ) {
    this.#name = basename(image);
    this.#directory = dirname(image);
    this.#files = artifactNames(baseNameOf(this.#name), this.#name);
  }

  async findings(): Promise<Finding[]> {
    this.#sum = await sha256Of(this.host, this.image);
    const bundles = await readBundles(join(this.#directory, this.#files.bundles));
    const isBundle = bundles?.bundles.some(({ files }) => files.some(({ name }) => name === this.#name));
    if (isBundle) this.#bundleOf = bundles?.source.name;
    // What describes an image is not of its bundles, each of which has a checksum of its own.
    const roles = rolesFor('promise', 'description').filter((role) => !isBundle || role === 'checksum');
    for (const role of roles) await this.#read(this.#files[role]);
    await this.#judge('checksum', (text) => this.#checkSums(text, [this.#name]));
    if (this.#bundleOf === undefined) {
      await this.#judge('sums', (text) => this.#checkSums(text, this.#mustBeNamed(this.#files.sums)));
      await this.#judge('manifest', (text) => this.#checkManifest(text));
      await this.#judge('sbom', (text) => this.#checkSbom(text));
      await this.#judge('provenance', (text) => this.#checkProvenance(text));
    } else {
      this.#note('unchecked', this.#files.manifest, `is of ${this.#bundleOf}, of which this is a bundle`);
    }
    if (this.#there.size === 0) {
      this.#note(
        'bad',
        this.#name,
        'no file beside it has its checksum; download that as well, and do not rename the image',
      );
    }
    await this.#checkSignatures();
    return this.#findings;
  }

  #note(outcome: Finding['outcome'], about: string, text: string): void {
    this.#findings.push({ outcome, about, text });
  }

  async #read(name: string): Promise<void> {
    const path = join(this.#directory, name);
    const unreadable = (why: string) => new UsageError([`${path}: ${why}`]);
    try {
      if ((await stat(path)).size > LARGEST_DOCUMENT) throw unreadable('it is too large for what it should be');
      this.#there.set(name, await readFile(path, 'utf8'));
    } catch (error) {
      if (error instanceof UsageError) throw error;
      if (errnoOf(error)?.code !== 'ENOENT') throw unreadable(reasonOf(error));
    }
  }

  /** @param check returns the problem of the file's content, if any */
  async #judge(role: ArtifactRole, check: (text: string) => string | undefined | Promise<string | undefined>) {
    const name = this.#files[role];
    const text = this.#there.get(name);
    if (text === undefined) return this.#note('absent', name, `${artifactKinds[role].what}: not found`);
    const wrong = await check(text);
    this.#note(wrong === undefined ? 'good' : 'bad', name, wrong ?? `matches ${this.#name}`);
  }

  /** Every file of this image must have a sum: a file without one may come from an attacker. */
  #mustBeNamed(but: string): string[] {
    return [this.#name, ...[...this.#there.keys()].filter((name) => name !== but)];
  }

  async #checkSums(text: string, mustBeNamed: readonly string[]): Promise<string | undefined> {
    const sums = parseSums(text);
    if (sums === undefined || sums.size === 0) return 'is not in the format of sha256sum';
    const missing = mustBeNamed.find((name) => !sums.has(name));
    if (missing !== undefined) return `does not name ${missing}, but ${[...sums.keys()].join(', ')}`;
    return this.#disagreement(sums);
  }

  /** The first file here with a wrong sum. */
  async #disagreement(sums: ReadonlyMap<string, string>): Promise<string | undefined> {
    for (const [name, expected] of sums) {
      const actual = await this.#sumOf(name);
      if (actual !== undefined && actual !== expected)
        return `${name} has the SHA-256 sum ${actual}, and not ${expected}`;
    }
    return undefined;
  }

  async #sumOf(name: string): Promise<string | undefined> {
    if (name === this.#name) return this.#sum;
    return this.#there.has(name) ? sha256Of(this.host, join(this.#directory, name)) : undefined;
  }

  #checkManifest(text: string): string | undefined {
    const file = read(text, fileInManifest);
    if (file === undefined) return 'is not a manifest';
    if (file.name !== this.#name) return `is of another image: ${file.name}`;
    if (file.sha256 !== this.#sum) return `is of an image with the SHA-256 sum ${file.sha256}, and not ${this.#sum}`;
    return file.bytes === this.bytes ? undefined : `is of an image of ${file.bytes} bytes, and not ${this.bytes}`;
  }

  #checkSbom(text: string): string | undefined {
    const sums = read(text, sumsInCycloneDx) ?? [];
    if (sums.length === 0) return 'names no image';
    return sums.includes(this.#sum)
      ? undefined
      : `is of an image with the SHA-256 sum ${sums.join(', ')}, and not ${this.#sum}`;
  }

  async #checkProvenance(text: string): Promise<string | undefined> {
    const subjects = read(text, subjectsOf);
    if (subjects === undefined) return 'is not an in-toto statement of provenance';
    if (!subjects.has(this.#name)) return `does not name ${this.#name}, but ${[...subjects.keys()].join(', ')}`;
    return this.#disagreement(subjects);
  }

  async #checkSignatures(): Promise<void> {
    const covered = new Set<string>();
    let signatures = 0;
    for (const file of signedRoles.map((role) => this.#files[role]).filter((name) => this.#there.has(name))) {
      for (const by of Object.keys(signatureSuffixes) as SignatureKind[]) {
        const signature = signatureOf(file, by);
        if (!(await exists(join(this.#directory, signature)))) continue;
        signatures++;
        const verdict = await this.#check(by, file, signature);
        if (verdict === undefined) continue;
        this.#note(
          verdict.good ? 'good' : 'bad',
          signature,
          verdict.good ? `signed by ${verdict.signer}` : `not a good signature of ${file}: ${verdict.reason}`,
        );
        if (!verdict.good) continue;
        for (const name of [file, ...(parseSums(this.#there.get(file) ?? '')?.keys() ?? [])]) covered.add(name);
      }
    }
    if (signatures === 0) this.#note('absent', signatureOf(this.#files.checksum, 'gpg'), 'nothing is signed');
    if (!this.#signatureRequired()) return;
    for (const name of [this.#name, ...this.#there.keys()].filter((candidate) => !covered.has(candidate))) {
      this.#note('bad', name, 'no good signature covers it');
    }
  }

  #signatureRequired(): boolean {
    const { signatureRequired, keyrings, allowedSigners } = this.trust;
    return signatureRequired || keyrings !== undefined || allowedSigners !== undefined;
  }

  /** Undefined if no key of this kind was given, which is noted. */
  async #check(by: 'gpg' | 'ssh', file: string, signature: string): Promise<Verdict | undefined> {
    const [data, detached] = [join(this.#directory, file), join(this.#directory, signature)];
    const { keyrings, allowedSigners, signatureRequired } = this.trust;
    // Without a keyring, gpgv asks the user's own.
    if (by === 'gpg' && (keyrings !== undefined || (signatureRequired && allowedSigners === undefined))) {
      return checkGpg(this.host, data, detached, this.trust);
    }
    if (by === 'ssh' && allowedSigners !== undefined) return checkSsh(this.host, data, detached, this.trust);
    const option = by === 'gpg' ? '--keyring' : '--allowed-signers';
    this.#note('unchecked', signature, `not checked: give the key with ${option}`);
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The content of a document; undefined if it is not JSON, or has another structure. */
function read<T>(text: string, extract: (document: unknown) => T | undefined): T | undefined {
  try {
    return extract(JSON.parse(text));
  } catch {
    return undefined;
  }
}
