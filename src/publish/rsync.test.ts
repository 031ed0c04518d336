import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { rsyncCommand } from './rsync.js';

describe('rsyncCommand', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'rsync-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it('copies files whatever their names are, and takes none for a host or an option', () => {
    const names = ['web:12-2026-11-26.qcow2', '-v.raw', 'a b.raw', 'host::module', '[::1]:x', 'plain.raw'];
    for (const name of names) writeFileSync(join(directory, name), name);
    const target = join(directory, 'target/');
    mkdirSync(target);
    const { file, args, cwd } = rsyncCommand(
      { type: 'rsync', name: 'there', target, args: ['--times'], postUploadCommands: [] },
      { directory, names },
    );
    execFileSync(file, args, { cwd });
    expect(readdirSync(target).sort()).to.deep.equal([...names].sort());
  });
});
