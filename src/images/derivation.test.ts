import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { rejection, testHost } from '../../test/support/host.js';
import { Configuration } from '../config/configuration.js';
import { isDerived, type DeriveSpec } from '../config/image-spec.js';
import { resolveImage } from '../config/resolve.js';
import { parentTreeOf } from './derivation.js';

describe('the parent of a derived image', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'derivation-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('must be something whose reading ends', async () => {
    const rejected = (parent: string) => {
      const text = `[web]\nparent = file:${parent}\nstore-dir = ${directory}/store\ncache_dir = ${directory}/cache\n`;
      const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
      return rejection(parentTreeOf(testHost(), resolveImage(configuration, 'web', {}, '2026-01-01') as DeriveSpec));
    };
    expect(String(await rejected('/dev/zero'))).to.match(
      /my\.conf:2: \[web\] parent = file:\/dev\/zero: it is neither a file, a directory nor a disk/,
    );
    // Opening such a file of the kernel works, reading does not.
    expect(String(await rejected('/proc/self/task'))).to.match(
      /my\.conf:2: \[web\] parent = file:\/proc\/self\/task: \/proc\/self\/task\/\S+: /,
    );
  });

  it('that is a directory is read once for each look, whatever the number of its children', async () => {
    mkdirSync(join(directory, 'tree'));
    const text = `[web]\nparent = file:${directory}/tree\nstore-dir = ${directory}/store\ncache_dir = ${directory}/cache\n`;
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    const spec = resolveImage(configuration, 'web', {}, '2026-01-01');
    expect(isDerived(spec)).to.equal(true);
    const [look, later] = [testHost(), testHost()];
    const before = await parentTreeOf(look, spec as DeriveSpec);
    writeFileSync(join(directory, 'tree/new'), 'new\n');
    expect(await parentTreeOf(look, spec as DeriveSpec)).to.deep.equal(before);
    expect(await parentTreeOf(later, spec as DeriveSpec)).not.to.deep.equal(before);
  });
});
