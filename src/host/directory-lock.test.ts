import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdDirectory, isDirectoryHeld, makeHeldDirectory, unlessHeld } from './directory-lock.js';
import { rejection, testHost, withStandIn } from '../../test/support/host.js';

describe('a directory that a process holds', () => {
  const host = testHost();
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'directory-lock-'));
    path = join(directory, 'stage');
    await mkdir(path);
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('is held by one process, until that lets it go', async () => {
    const letGo = await holdDirectory(host, path, 'the stage');
    expect(await isDirectoryHeld(host, path)).to.be.true;
    expect(await rejection(holdDirectory(host, path, 'the stage'))).to.have.property(
      'message',
      'the stage is in use by another process',
    );
    await letGo();
    expect(await isDirectoryHeld(host, path)).to.be.false;
  });

  it('stays where it is as long as it is held', async () => {
    const remove = () => rename(path, join(directory, 'trash'));
    const letGo = await holdDirectory(host, path, 'the stage');
    await unlessHeld(host, path, remove);
    expect(existsSync(path)).to.be.true;
    await letGo();
    await unlessHeld(host, path, remove);
    expect(await readdir(directory)).to.deep.equal(['trash']);
    // Another process may have been faster.
    await unlessHeld(host, path, () => expect.fail('it is gone'));
  });

  it('is made anew if another process removes it before it is held', async () => {
    let made = 0;
    const make = async () => {
      const next = join(directory, `made-${++made}`);
      await mkdir(next);
      return next;
    };
    // What removes leftovers comes between making it and holding it.
    const script = `#!/bin/sh\nrm -rf ${join(directory, 'made-1')}\nexec /usr/bin/flock "$@"\n`;
    const place = await mkdtemp(join(tmpdir(), 'stand-in-'));
    const held = await withStandIn({ directory: place, name: 'flock', script }, () =>
      makeHeldDirectory(host, 'the stage', make),
    );
    await rm(place, { recursive: true });
    expect(held.path).to.equal(join(directory, 'made-2'));
    expect(await isDirectoryHeld(host, held.path)).to.be.true;
    await held.letGo();
  });
});
