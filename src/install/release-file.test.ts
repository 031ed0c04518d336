import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testHost } from '../host/testing.js';
import { listedSum } from './checksum-list.js';
import { isReleaseFile, readReleaseFile } from './release-file.js';
import { verifyClearSigned } from './signature.js';
import { debianKeyring } from './vouching.js';

describe('Release files', () => {
  it('are told from checksum lists', () => {
    expect(isReleaseFile('Suite: stable\nSHA256:\n 12 1 x\n')).to.be.true;
    expect(isReleaseFile(`SHA256 (linux) = ${'1'.repeat(64)}\n`)).to.be.false;
  });

  it('give SHA-256 sums, and no others', () => {
    const text = `Codename: trixie\nMD5Sum:\n ${'0'.repeat(32)} 9 linux\nSHA256:\n ${'1'.repeat(64)}      9 linux\nSHA512:\n ${'2'.repeat(64)} 9 x\n`;
    expect(readReleaseFile('http://host/dists/trixie/InRelease', text).sums).to.deep.equal([
      { path: 'linux', algorithm: 'sha256', sum: '1'.repeat(64) },
    ]);
  });

  it("of Debian are signed by the keys of Debian's own package, and list the installer", async function () {
    const mirror = debianMirror();
    if (mirror === undefined || !existsSync(debianKeyring)) {
      console.log(
        `      skipped: needs ${debianKeyring} and a Debian mirror in apt's sources; run it with: make check`,
      );
      this.skip();
    }
    const uri = `${mirror.uri.replace(/\/$/, '')}/dists/${mirror.suite}/InRelease`;
    const response = await fetch(uri, { signal: AbortSignal.timeout(15_000) }).catch(() => undefined);
    if (!response?.ok) {
      console.log(`      skipped: apt's mirror does not give its InRelease; run it with a network: make check`);
      this.skip();
    }
    const directory = mkdtempSync(join(tmpdir(), 'release-file-'));
    try {
      const trust = { keyring: debianKeyring, scratch: join(directory, 'scratch') };
      const file = Buffer.from(await response.arrayBuffer());
      const { text, fingerprint } = await verifyClearSigned(testHost(), uri, file, trust);
      expect(fingerprint).to.match(/^[0-9A-F]{40}$/);
      const list = readReleaseFile(uri, text);
      const images = uri.replace('InRelease', 'main/installer-amd64/current/images');
      expect(listedSum(list, 'checksums', `${images}/SHA256SUMS`)).to.match(/^[0-9a-f]{64}$/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

/** The mirror of a Debian release that apt is told of here. */
function debianMirror(): { uri: string; suite: string } | undefined {
  const format = '$(ORIGIN)|$(CREATED_BY)|$(SITE)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)';
  try {
    const targets = execFileSync('apt-get', ['indextargets', '--format', format], { encoding: 'utf8' });
    const words = targets.split('\n').map((line) => line.split('|'));
    const found = words.find(([origin, kind, , , , component]) => {
      return origin === 'Debian' && kind === 'Packages' && component === 'main';
    });
    const [, , , uri, suite] = found ?? [];
    return uri && suite ? { uri, suite } : undefined;
  } catch {
    return undefined;
  }
}
