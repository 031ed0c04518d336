import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { canSearch, qemuAccount } from './qemu-access.js';

describe('the account of QEMU', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'qemu-access-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  function accountIn(passwd: string): ReturnType<typeof qemuAccount> {
    writeFileSync(join(directory, 'passwd'), passwd);
    return qemuAccount(join(directory, 'passwd'));
  }

  it('is the one that libvirt of this distribution runs QEMU as', () => {
    const root = 'root:x:0:0:root:/root:/bin/bash\n';
    const fedora = `${root}qemu:x:107:107:qemu user:/:/sbin/nologin\n`;
    const debian = 'libvirt-qemu:x:64055:106:Libvirt Qemu,,,:/var/lib/libvirt:/usr/sbin/nologin\n';
    expect(accountIn(fedora)).to.deep.equal({ uid: 107, gid: 107 });
    expect(accountIn(fedora + debian)).to.deep.equal({ uid: 64055, gid: 106 });
    expect(accountIn(`${root}my-qemu:x:1:1::/:/bin/sh\n`)).to.equal(undefined);
  });

  it('searches a directory if all above it let it', () => {
    const inner = join(directory, 'build/disk');
    mkdirSync(inner, { recursive: true });
    const { uid, gid } = statSync(directory);
    const owner = { uid, gid };
    const group = { uid: uid + 1, gid };
    const other = { uid: uid + 1, gid: gid + 1 };
    const whoSearches = (mode: number): boolean[] => {
      chmodSync(directory, mode);
      return [owner, group, other].map((account) => canSearch(account, inner));
    };
    expect(whoSearches(0o711)).to.deep.equal([true, true, true]);
    expect(whoSearches(0o750)).to.deep.equal([true, true, false]);
    expect(whoSearches(0o701)).to.deep.equal([true, false, true]);
    expect(whoSearches(0o700)).to.deep.equal([true, false, false]);
    // The owner's bits count for the owner, even if others may do more.
    expect(process.getuid?.() !== 0 || whoSearches(0o611)[0] === false).to.be.true;
    chmodSync(directory, 0o700);
  });

  it('takes a directory that is not there yet for the one above it', () => {
    const { uid, gid } = statSync(directory);
    expect(canSearch({ uid, gid }, join(directory, 'not/yet'))).to.be.true;
    expect(canSearch({ uid: uid + 1, gid: gid + 1 }, join(directory, 'not/yet'))).to.be.false;
    expect(canSearch({ uid: uid + 1, gid: gid + 1 }, '/')).to.be.true;
  });
});
