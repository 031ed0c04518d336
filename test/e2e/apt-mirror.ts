import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createHash, randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { TimeLimit } from '../../src/host/time-limit.js';

/**
 * The Debian mirror that this machine's apt uses.
 *
 * @throws Error if apt knows none
 */
export async function aptMirrorUrl(): Promise<string> {
  const { stdout } = await execa('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI)',
    'Created-By: Packages',
    'Origin: Debian',
    'Label: Debian',
  ]);
  const [url] = stdout.split('\n');
  if (!url) throw new Error('apt knows no Debian mirror: look at /etc/apt/sources.list and run apt-get update');
  return url.replace(/\/$/, '');
}

/** The Debian mirror that this machine's apt uses, with a directory that keeps what never changes there: its pool. */
export class AptMirror {
  private constructor(
    private readonly url: string,
    private readonly directory: string,
  ) {}

  /** @throws Error if apt knows no Debian mirror */
  static async open(directory: string): Promise<AptMirror> {
    return new AptMirror(await aptMirrorUrl(), directory);
  }

  /** @param path below the mirror's own directory, such as `dists/trixie/Release` */
  async has(path: string): Promise<boolean> {
    return existsSync(join(this.directory, path)) || (await this.#ask('HEAD', path)).ok;
  }

  /**
   * @returns the file's content, or nothing if the mirror does not have it
   * @throws Error if the mirror does not answer, or with an error of its own
   */
  async get(path: string): Promise<Buffer | undefined> {
    const file = join(this.directory, path);
    if (existsSync(file)) return readFile(file);
    const response = await this.#ask('GET', path);
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${path}: the mirror answered ${response.status}`);
    const content = Buffer.from(await response.arrayBuffer());
    if (path.startsWith('pool/')) await writeWhole(file, content);
    return content;
  }

  /** A package's file as its index describes it. */
  async getPackage(stanza: string): Promise<Buffer> {
    const path = field(stanza, 'Filename');
    const content = await this.get(path);
    if (!content) throw new Error(`the mirror lacks ${path}`);
    if (sha256(content) !== field(stanza, 'SHA256')) throw new Error(`${path} is not what its index says`);
    return content;
  }

  /** The stanzas of one index of packages, such as `dists/trixie/main/binary-amd64/Packages.xz`. */
  async getIndex(path: string): Promise<string[]> {
    const input = await this.get(path);
    if (!input) throw new Error(`the mirror lacks ${path}`);
    const { stdout } = await execa('xz', ['-dc'], { input, maxBuffer: 512 * 1024 * 1024 });
    return stdout.split(/\n{2,}/).filter((stanza) => stanza !== '');
  }

  async #ask(method: 'HEAD' | 'GET', path: string): Promise<Response> {
    const url = `${this.url}/${path.split('/').map(encodeURIComponent).join('/')}`;
    // Its body is read by others, within the same time: nothing ends the limit earlier.
    return fetch(url, { method, signal: new TimeLimit(120_000).signal });
  }
}

/** A field's first line in a stanza of an index; empty if it has no such field. */
export function field(stanza: string, name: string): string {
  return new RegExp(`^${name}: *(.*)$`, 'm').exec(stanza)?.[1] ?? '';
}

export function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Several may write the same file at once: each file is whole, and the last one stays. */
async function writeWhole(file: string, content: Buffer): Promise<void> {
  const part = `${file}.${randomUUID()}`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(part, content);
  await rename(part, file);
}
