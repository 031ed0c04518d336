import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, mkdtemp, copyFile, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { execa } from 'execa';
import { AptMirror, field, sha256 } from './apt-mirror.js';
import { publishUdebSuite } from './udeb-suite.js';

/*
 * A Debian mirror on loopback that is complete enough for a network installation, whatever the mirror that apt uses
 * holds: many keep every package, but only some of the installer's components (udebs).
 *
 *     npx tsx test/e2e/debian-mirror.ts prepare DIR [ARCH]    fill DIR; afterwards DIR/ARCH/linux and DIR/ARCH/initrd.gz are netboot files
 *     npx tsx test/e2e/debian-mirror.ts serve DIR             serve http://127.0.0.1:PORT/debian until it is ended
 */

/** The release whose installer is served. It installs older releases as well. */
const installer = { suite: 'trixie', netboot: 'debian-installer-13-netboot' };

/** As Debian calls it. */
export type MirroredArchitecture = 'amd64' | 'arm64';

/** What `mirror/udeb/suite` must say. It is unsigned, so `debian-installer/allow_unauthenticated` is needed too. */
export const udebSuite = (architecture: MirroredArchitecture) => `${installer.suite}-udebs-${architecture}`;

/** Fills the directory with netboot files and the suite of udebs: some 300 MB. What is there already is used again. */
export async function prepare(
  directory: string,
  architecture: MirroredArchitecture,
  say: (line: string) => void = () => {},
): Promise<void> {
  const root = join(directory, 'debian');
  await mkdir(root, { recursive: true });
  const mirror = await AptMirror.open(root);
  const netboot = join(directory, architecture);
  await extractNetbootFiles(mirror, architecture, netboot);

  const status = await initrdFile(join(netboot, 'initrd.gz'), 'var/lib/dpkg/status');
  const installed = new Set(status.split(/\n{2,}/).map((stanza) => field(stanza, 'Package')));
  const kernel = /^Package: kernel-image-(.+)-di$/m.exec(status)?.[1];
  if (kernel === undefined) throw new Error('the netboot initrd does not tell the version of its kernel');
  say(`netboot kernel ${kernel}`);

  const suite = { root, name: udebSuite(architecture), source: installer.suite, architecture, kernel, installed };
  const { packed, leftOut } = await publishUdebSuite(mirror, suite);
  say(`made again: ${packed.join(' ') || 'nothing'}`);
  say(`left out: ${leftOut.join(' ') || 'nothing'}`);
}

/**
 * Whether the mirror's list of installer files is the one that its signed InRelease names. While a mirror is being updated
 * it may not be: then image-factory rightly takes nothing from it, unless it is told not to verify.
 */
export async function vouchesForInstaller(directory: string, architecture: MirroredArchitecture): Promise<boolean> {
  const mirror = await AptMirror.open(join(directory, 'debian'));
  const [release, list] = await Promise.all(
    ['InRelease', `main/installer-${architecture}/current/images/SHA256SUMS`].map((file) =>
      mirror.get(`dists/${installer.suite}/${file}`),
    ),
  );
  return list !== undefined && release !== undefined && release.includes(` ${sha256(list)} `);
}

export interface ServedMirror {
  /** On 127.0.0.1; a guest in QEMU's user-mode network finds it at 10.0.2.2. */
  readonly port: number;
  /** The paths that were asked for, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** Serves a prepared directory under `/debian`; what it lacks comes from apt's mirror, the pool only once. */
export async function serve(directory: string): Promise<ServedMirror> {
  const mirror = await AptMirror.open(join(directory, 'debian'));
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    void answer(request.url ?? '').then(
      (content) => response.writeHead(content ? 200 : 404, { 'content-length': content?.length ?? 0 }).end(content),
      (error: unknown) => response.writeHead(502).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };

  async function answer(url: string): Promise<Buffer | undefined> {
    const path = decodeURIComponent(new URL(url, 'http://mirror').pathname).replace(/^\/debian\//, '');
    if (!/^(dists|pool|pool-local)\//.test(path) || path.split('/').includes('..')) return undefined;
    return mirror.get(path);
  }
}

async function extractNetbootFiles(
  mirror: AptMirror,
  architecture: MirroredArchitecture,
  directory: string,
): Promise<void> {
  const index = await mirror.getIndex(`dists/${installer.suite}/main/binary-${architecture}/Packages.xz`);
  const name = `${installer.netboot}-${architecture}`;
  const stanza = index.find((deb) => field(deb, 'Package') === name);
  if (!stanza) throw new Error(`${installer.suite} has no package ${name}`);
  const tree = await mkdtemp(join(tmpdir(), 'netboot-'));
  try {
    await execa('dpkg-deb', ['-x', '-', tree], { input: await mirror.getPackage(stanza) });
    const { stdout } = await execa('find', [tree, '-path', `*/text/*/${architecture}/linux`]);
    await mkdir(directory, { recursive: true });
    for (const name of ['linux', 'initrd.gz']) await copyFile(join(dirname(stdout), name), join(directory, name));
  } finally {
    await rm(tree, { recursive: true });
  }
}

async function initrdFile(initrd: string, path: string): Promise<string> {
  const input = gunzipSync(await readFile(initrd));
  const { stdout } = await execa('cpio', ['-i', '--quiet', '--to-stdout', path], { input });
  return stdout;
}

if (process.argv[1] === import.meta.filename) {
  const [verb, directory, architecture = 'amd64'] = process.argv.slice(2);
  if (directory !== undefined && verb === 'prepare' && (architecture === 'amd64' || architecture === 'arm64')) {
    await prepare(directory, architecture, console.log);
  } else if (directory !== undefined && verb === 'serve') {
    console.log(`http://127.0.0.1:${(await serve(directory)).port}/debian`);
  } else {
    console.error('usage: debian-mirror.ts prepare DIR [amd64|arm64] | serve DIR');
    process.exitCode = 2;
  }
}
