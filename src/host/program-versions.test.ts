import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { testHost } from '../../test/support/host.js';
import { programVersions } from './program-versions.js';

describe('the versions of programs', () => {
  it('are asked in the way of each program, and come in the order of the names', async () => {
    const versions = await programVersions(testHost(), ['tar', 'mke2fs', 'debugfs', 'ssh-keygen', 'cp']);
    expect(Object.keys(versions)).to.deep.equal(['cp', 'debugfs', 'mke2fs', 'tar']);
    expect(versions)
      .to.have.property('mke2fs')
      .that.matches(/^mke2fs 1\.\d+/);
    expect(versions)
      .to.have.property('tar')
      .that.matches(/^tar .* 1\.\d+/);
  });

  it('are asked for once, all in one process', async () => {
    const host = testHost();
    const first = await programVersions(host, ['find', 'tar', 'flock']);
    expect(host.log.lines.filter((line) => line.includes('Calling'))).to.have.length.at.most(1);
    const before = host.log.lines.length;
    expect(await programVersions(host, ['tar', 'find'])).to.deep.equal({ find: first.find, tar: first.tar });
    expect(host.log.lines).to.have.length(before);
  });

  it('are those of the programs that are found, and none of those that fail', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'versions-'));
    const path = process.env.PATH;
    const program = (name: string, script: string) =>
      writeFileSync(join(directory, name), `#!/bin/sh\n${script}`, { mode: 0o755 });
    program('tar', 'echo; echo " own tar 1 "; echo more; echo warning >&2');
    program('xz', 'echo "own xz 2" >&2');
    program('cpio', 'echo usage; exit 2');
    program('rsync', '');
    process.env.PATH = `${directory}:${path}`;
    try {
      const versions = await programVersions(testHost(), ['tar', 'xz', 'cpio', 'rsync']);
      expect(versions).to.deep.equal({ tar: 'own tar 1', xz: 'own xz 2' });
    } finally {
      process.env.PATH = path;
      rmSync(directory, { recursive: true });
    }
  });
});
