import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { fileOwners } from '../config/file-owners.js';
import { testHost } from '../../test/support/host.js';
import { filesDigest, filesSize, makeFilesVolume } from './files-volume.js';

describe('the archive of files to copy', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'files-'));
    mkdirSync(join(directory, 'one/etc'), { recursive: true, mode: 0o700 });
    mkdirSync(join(directory, 'two/etc'), { recursive: true });
    writeFileSync(join(directory, 'one/etc/motd'), 'one\n', { mode: 0o600 });
    writeFileSync(join(directory, 'two/etc/motd'), 'two\n');
    writeFileSync(join(directory, 'two/run'), '#!/bin/sh\n');
    chmodSync(join(directory, 'two/run'), 0o750);
    symlinkSync('/nowhere', join(directory, 'two/link'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const directories = () => ['one', 'two'].map((name) => join(directory, name));

  it("has root's files with plain permissions, those of later directories last, and is its owner's alone", async () => {
    const volume = join(directory, 'files.tar');
    await makeFilesVolume(testHost(), directories(), volume);
    expect(statSync(volume).mode & 0o777).to.equal(0o600);
    expect(statSync(volume).size % 512).to.equal(0);
    const listed = execFileSync('tar', ['--list', '--verbose', '--numeric-owner', '--file', volume], {
      encoding: 'utf8',
    });
    expect(listed).to.match(/^-rw-r--r-- 0\/0 .* \.\/etc\/motd$/m);
    expect(listed).to.match(/^-rwxr-xr-x 0\/0 .* \.\/run$/m);
    expect(listed).to.match(/^drwxr-xr-x 0\/0 .* \.\/etc\/$/m);
    expect(listed).to.match(/^l.* 0\/0 .* \.\/link -> \/nowhere$/m);
    const target = join(directory, 'target');
    mkdirSync(target);
    execFileSync('tar', ['--extract', '--file', volume, '--directory', target]);
    expect(execFileSync('cat', [join(target, 'etc/motd')], { encoding: 'utf8' })).to.equal('two\n');
  });

  it('is known to be another one where a file has changed', async () => {
    const before = await filesDigest(directories());
    expect(await filesDigest(directories())).to.equal(before);
    writeFileSync(join(directory, 'one/etc/motd'), 'more\n');
    expect(await filesDigest(directories())).not.to.equal(before);
  });

  it('takes about as much as its files', async () => {
    writeFileSync(join(directory, 'one/large'), Buffer.alloc(2 ** 20));
    expect(await filesSize(directories())).to.be.within(2 ** 20, 2 ** 20 + 2 ** 16);
  });
});

describe('the list of owners beside a directory', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'owners-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  function owners(text: string) {
    writeFileSync(join(directory, 'files.modes'), text);
    return fileOwners(join(directory, 'files/'));
  }

  it('says what differs, and may be missing', () => {
    expect(fileOwners(join(directory, 'files'))).to.deep.equal([]);
    expect(owners('# the site\n\nwww-data - 0640 /srv/with blank\n- www-data u=rwX,go= /srv/www/\n')).to.deep.equal([
      { user: 'www-data', group: undefined, mode: '0640', path: '/srv/with blank', recursive: false },
      { user: undefined, group: 'www-data', mode: 'u=rwX,go=', path: '/srv/www', recursive: true },
    ]);
  });

  it('names the line that is none', () => {
    for (const wrong of ['root 0644 /etc/motd', 'root root 9999 /x', 'root root 0644 etc/motd', 'a b 0644 /etc/../x']) {
      expect(() => owners(`\n${wrong}\n`), wrong).to.throw(/files\.modes:2: '.*': expected 'USER GROUP MODE PATH'/);
    }
    expect(() => owners('root root 0644 /etc/\n')).to.throw(
      /files\.modes:1: '0644' would go for directories and files/,
    );
  });
});
