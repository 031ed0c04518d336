import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyElements } from '../../src/elements/apply-elements.js';
import { Failure, UsageError } from '../../src/host/failure.js';
import { ReleaseStack } from '../../src/host/release-stack.js';

/*
 * Applies elements to a tree that has this machine's /usr, read-only: run in namespaces of its own, as root of them.
 * The request is JSON on standard input; lines of the hooks go to standard output, and the outcome is the last one.
 */
export interface AppliedElements {
  readonly tree: string;
  readonly elements: readonly string[];
  readonly elementPath: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const { tree, elements, elementPath, environment } = JSON.parse(readFileSync(0, 'utf8')) as AppliedElements;
for (const name of ['etc/alternatives', 'tmp', 'usr', 'var/log', 'root', 'proc', 'run'])
  mkdirSync(join(tree, name), { recursive: true });
for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(tree, name));
writeFileSync(join(tree, 'etc/os-release'), 'ID=debian\nVERSION_CODENAME=trixie\n');
symlinkSync(realpathSync('/usr/bin/awk'), join(tree, 'etc/alternatives/awk'));
writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/bash\n');
writeFileSync(join(tree, 'etc/resolv.conf'), 'nameserver 192.0.2.1\n');
writeFileSync(join(tree, 'var/log/dpkg.log'), 'installed\n');
execFileSync('mount', ['--bind', '/usr', join(tree, 'usr')]);
const log = { debug() {}, info: tell, warn: tell, error: tell, progress() {}, finding() {} };
const host = { log, signal: new AbortController().signal, release: new ReleaseStack() };

function tell(line: string): void {
  console.log(line);
}

try {
  await applyElements(host, {
    ...{ tree, elements, elementPath, environment: { ...environment, PATH: process.env.PATH, HOME: '/' } },
    facts: { imageName: 'web', arch: 'amd64', rootLabel: 'root', rootFileSystem: 'ext4', mountPoints: ['/', '/var'] },
    packages: [],
    cache: join(tree, '../cache'),
    onLine: tell,
  });
  tell('OUTCOME done');
} catch (error) {
  if (!(error instanceof Failure || error instanceof UsageError)) throw error;
  tell(`OUTCOME ${error.message}${error instanceof Failure && error.hint !== undefined ? `\nHINT ${error.hint}` : ''}`);
}
