import { expect } from 'chai';
import { TimeLimit } from '../host/time-limit.js';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSource } from '../config/source.js';
import { Failure } from '../host/failure.js';
import { testHost } from '../../test/support/host.js';
import { listedSum } from './checksum-list.js';
import { defaultPatience } from './http-client.js';
import { trustedList } from './trusted-list.js';
import { debianKeyring, vouchingFor } from './vouching.js';

describe("the checksum list of Debian's installer", () => {
  it("is signed by the keys of Debian's own package, and lists the netboot files", async function () {
    const suite = debianSuite();
    const images = `${suite}/main/installer-amd64/current/images`;
    const reason = !existsSync(debianKeyring)
      ? `there is no ${debianKeyring}`
      : suite === undefined || !(await isThere(`${images}/SHA256SUMS`))
        ? "no mirror in apt's sources has it"
        : undefined;
    if (reason !== undefined) {
      console.log(`      skipped: ${reason}; run it with a Debian mirror: make check`);
      this.skip();
    }
    const cacheDir = mkdtempSync(join(tmpdir(), 'trusted-list-'));
    try {
      const linux = { option: 'linux', from: parseSource(`${images}/netboot/debian-installer/amd64/linux`) };
      const vouching = vouchingFor(linux, { verify: 'required' });
      if (vouching.by !== 'signed list') expect.fail(`vouched for by ${vouching.by}`);
      const patience = { ...defaultPatience, attempts: 2 };
      const found = await trustedList(testHost(), { root: cacheDir, image: 'debian' }, vouching, patience).catch(
        (error: Error) => error,
      );
      if (found instanceof Failure && found.hint?.includes('the mirror is being updated')) {
        console.log(`      skipped: ${found.message}; run it again when the mirror is consistent: make check`);
        return this.skip();
      }
      if (found instanceof Error) throw found;
      const { list, signed } = found;
      expect(signed?.signature).to.equal(`${suite}/InRelease`);
      expect(signed?.fingerprint).to.match(/^[0-9A-F]{40}$/);
      expect(listedSum(list, 'linux', linux.from)).to.match(/^[0-9a-f]{64}$/);
    } finally {
      rmSync(cacheDir, { recursive: true });
    }
  });
});

/** A Debian release that apt is told of here: `http://…/debian/dists/bookworm`. */
function debianSuite(): string | undefined {
  const format = '$(REPO_URI)dists/$(RELEASE)';
  const wanted = ['Created-By: Packages', 'Origin: Debian', 'Label: Debian', 'Component: main'];
  try {
    const known = execFileSync('apt-get', ['indextargets', '--format', format, ...wanted], { encoding: 'utf8' });
    return known.split('\n').find((suite) => /^http.*\/dists\/[a-z]+$/.test(suite));
  } catch {
    return undefined;
  }
}

async function isThere(url: string): Promise<boolean> {
  const limit = new TimeLimit(15_000);
  return fetch(url, { method: 'HEAD', signal: limit.signal })
    .then(
      ({ ok }) => ok,
      () => false,
    )
    .finally(() => limit.end());
}
