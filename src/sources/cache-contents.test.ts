import { expect } from 'chai';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withoutProxies, testHost } from '../../test/support/host.js';
import { fileMirror, type FileMirror } from '../../test/support/mirror.js';
import { cache as cacheCommand } from '../cli/cache.js';
import { parseSource } from '../config/source.js';
import { claimLock } from '../host/file-lock.js';
import { cachedUrls, removeCachedUrl } from './cache-contents.js';
import { directoryOf } from './cache-directory.js';
import { cachePlace } from './cache-record.js';
import { fetchNetbootFiles } from './netboot-files.js';

describe('what the netboot cache holds', () => {
  let root: string;
  let mirror: FileMirror;
  let restoreProxies: () => void;
  before(() => {
    restoreProxies = withoutProxies();
  });
  after(() => restoreProxies());
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'cache-contents-'));
    mirror = await fileMirror({ '/linux': 'a kernel', '/initrd': 'an initrd' });
    await fetchFor('one', 'linux');
    await fetchFor('other', 'linux');
    await fetchFor('one', 'initrd');
  });
  afterEach(async () => {
    await mirror.close();
    rmSync(root, { recursive: true });
  });

  const from = (name: string) => parseSource(`${mirror.url}/${name}`);
  const fetchFor = (image: string, name: string) =>
    fetchNetbootFiles(testHost(), { root, image }, undefined, [{ option: name, from: from(name) }], { verify: 'off' });
  const kept = async () => (await cachedUrls(root)).map(({ url }) => url.replace(mirror.url, '')).sort();
  const found = async (name: string) => {
    const file = (await cachedUrls(root)).find(({ url }) => url.endsWith(name));
    return file ?? expect.fail(`${name} is not in the cache`);
  };

  it('is told with the images that use it, and without passwords', async () => {
    expect(await found('/linux')).to.deep.include({ url: `${mirror.url}/linux`, images: ['one', 'other'] });
    expect((await found('/linux')).bytes).to.be.above('a kernel'.length);
    await fetchNetbootFiles(
      testHost(),
      { root, image: 'one' },
      undefined,
      [{ option: 'linux', from: parseSource(`${mirror.url.replace('//', '//me:s3cret@')}/linux`) }],
      { verify: 'off' },
    );
    expect(JSON.stringify(await cachedUrls(root))).not.to.contain('s3cret');
  });

  it('tells of a broken download, too', async () => {
    const directory = directoryOf({ root, image: 'one' }, from('broken'));
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, '.broken.part'), 'half');
    writeFileSync(join(directory, '.broken.part.meta'), JSON.stringify({ uri: `${mirror.url}/broken` }));
    expect(await found('/broken')).to.deep.include({ images: [] });
  });

  it('is nothing where there is no cache', async () => {
    expect(await cachedUrls(join(root, 'nowhere'))).to.deep.equal([]);
  });

  it('goes with its links', async () => {
    expect(await removeCachedUrl(testHost(), root, await found('/linux'))).to.include({ was: 'removed' });
    expect(existsSync(join(root, 'one/linux'))).to.be.false;
    expect(existsSync(join(root, 'other'))).to.be.false;
    expect(await kept()).to.deep.equal(['/initrd']);
    expect(readdirSync(join(root, '.urls'))).to.have.length(1);
  });

  it('leaves what has a name of a link by chance', async () => {
    writeFileSync(join(root, 'notes'), 'mine');
    rmSync(join(root, 'one/linux'));
    writeFileSync(join(root, 'one/linux'), 'my own kernel');
    await removeCachedUrl(testHost(), root, await found('/linux'));
    expect(readdirSync(join(root, 'one'))).to.include('linux');
    expect(existsSync(join(root, 'notes'))).to.be.true;
  });

  it('stays for other images', async () => {
    expect(await removeCachedUrl(testHost(), root, await found('/linux'), ['one'])).to.deep.equal({
      was: 'left to others',
    });
    expect(existsSync(join(root, 'one/linux'))).to.be.false;
    expect(existsSync(join(root, 'other/linux'))).to.be.true;
    expect(await found('/linux')).to.deep.include({ images: ['other'] });
  });

  it('stays while it is fetched', async () => {
    const giveBack = await claimLock(
      testHost(),
      cachePlace((await found('/linux')).path.replace(/\/linux$/, ''), 'linux').lock,
      'it',
    );
    expect(await removeCachedUrl(testHost(), root, await found('/linux'))).to.include({ was: 'in use' });
    expect(await kept()).to.deep.equal(['/initrd', '/linux']);
    await giveBack();
  });

  describe('by the command', () => {
    let said: string[];
    const consoleLog = console.log;
    beforeEach(() => {
      said = [];
      console.log = (line: string) => void said.push(line);
    });
    afterEach(() => (console.log = consoleLog));

    it('is listed for people and for programs', async () => {
      await cacheCommand('list', [], { cacheDir: root });
      expect(said).to.have.length(3);
      expect(said.join('\n')).to.match(/^0\.0 MiB {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}one,other {2}http:.*\/linux$/m);
      said.length = 0;
      await cacheCommand('list', ['other'], { cacheDir: root, json: true });
      expect(JSON.parse(said.join('\n'))).to.have.length(1);
    });

    it('is cleaned of what is old, once it is asked for in earnest', async () => {
      const record = join((await found('/initrd')).path, '../.initrd.meta');
      const longAgo = new Date(Date.now() - 40 * 86_400_000);
      utimesSync(record, longAgo, longAgo);
      await cacheCommand('clean', [], { cacheDir: root, olderThan: '30d', dryRun: true });
      expect(said[0]).to.equal(`would remove: ${mirror.url}/initrd`);
      expect(await kept()).to.deep.equal(['/initrd', '/linux']);
      await cacheCommand('clean', [], { cacheDir: root, olderThan: '30d' });
      expect(await kept()).to.deep.equal(['/linux']);
      await cacheCommand('clean', ['one'], { cacheDir: root });
      expect(await kept()).to.deep.equal(['/linux']);
      await cacheCommand('clean', [], { cacheDir: root });
      expect(await kept()).to.deep.equal([]);
    });
  });
});
