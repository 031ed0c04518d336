import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { sha256 } from '../../test/support/mirror.js';
import { forgetLists, keepLists, lendLists } from './package-lists.js';

const release = 'mirror_dists_stable_InRelease';
const list = 'mirror_dists_stable_main_binary-amd64_Packages';
const packages = `Package: a\nSHA256: ${'a'.repeat(64)}\n`;

describe('lists of packages', () => {
  let top: string;
  const place = (tree: string) => join(top, tree, 'var/lib/apt/lists');
  const shared = () => join(top, 'shared');
  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), 'package-lists-'));
    for (const path of [place('one'), place('two'), join(top, 'loan')]) mkdirSync(path, { recursive: true });
    const sums = `SHA256:\n ${sha256(packages)} ${packages.length} main/binary-amd64/Packages\n`;
    writeFileSync(join(place('one'), release), sums);
    writeFileSync(join(place('one'), list), packages);
    writeFileSync(join(place('one'), 'lock'), '');
    symlinkSync('/etc/passwd', join(place('one'), 'mirror_dists_stable_link'));
  });
  afterEach(() => rmSync(top, { recursive: true }));

  const keep = () => keepLists(shared(), join(top, 'one'), join(top, 'loan'));

  it('are kept for the next tree by way of the loan, in which nothing of them stays', async () => {
    await keep();
    expect(readdirSync(shared())).to.have.members([release, list]);
    expect(readdirSync(join(top, 'loan'))).to.deep.equal([]);
    const { lent } = await lendLists(shared(), join(top, 'two'));
    expect(lent).to.deep.equal(new Set(['a'.repeat(64)]));
    expect(readFileSync(join(place('two'), list), 'utf8')).to.equal(packages);
  });

  it('never take the place of shared ones before they are written to their end', async () => {
    await keep();
    writeFileSync(join(place('one'), list), `${packages}\n`);
    // What is left of a loan is in the way of the new list.
    mkdirSync(join(top, 'loan', list));
    await keep().catch(() => undefined);
    expect(readFileSync(join(shared(), list), 'utf8')).to.equal(packages);
  });

  it('are forgotten one by one, so that builds may go on to put theirs into the directory', async () => {
    await forgetLists(shared());
    await keep();
    await forgetLists(shared());
    expect(readdirSync(shared())).to.deep.equal([]);
  });
});
