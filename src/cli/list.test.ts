import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { Configuration } from '../config/configuration.js';
import { programDirectory } from '../host/program-directory.js';

const program = join(programDirectory, 'bin/image-factory');

describe('list', function () {
  this.timeout(60_000);
  let directory: string;
  let config: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'list-'));
    config = join(directory, 'my.conf');
    writeFileSync(config, '[debian-13]\nlike = debian-13\nimage-size = 10G\n');
  });
  after(() => rmSync(directory, { recursive: true }));

  async function list(...words: string[]): Promise<string> {
    return (await execa(program, ['list', ...words], { env: { HOME: directory, IMAGE_FACTORY_CONFIG: '' } })).stdout;
  }

  it('tells what vouches for the installer, and of shipped images whether their installation was tried', async () => {
    const lines = (await list('--config', config)).split('\n');
    const line = (name: string) => lines.find((candidate) => candidate.startsWith(`${name} `))?.split(/ {2,}/);
    expect(line('debian-13')).to.deep.equal(['debian-13', 'Debian 13 (trixie)', 'preseed', 'signed']);
    expect(line('debian-12')).to.deep.equal(['debian-12', 'Debian 12 (bookworm)', 'preseed', 'signed', 'not tried']);
    expect(line('demo')).to.deep.equal(['demo', 'Demo', 'preseed', 'local files', 'tried']);
    expect(line('fedora-44')).to.include.members(['https only']);
    expect(line('ubuntu-24.04')).to.include.members(['signed']);
    expect(line('opensuse-tumbleweed')).to.include.members(['signed']);
  });

  it('marks releases whose support has ended', async () => {
    const lines = (await list('--config', config)).split('\n');
    const ended = lines.filter((line) => / {2}support ended \d{4}-\d\d-\d\d$/.test(line));
    expect(ended.map((line) => line.split(' ')[0])).to.include.members([
      'debian-11',
      'ubuntu-20.04',
      'opensuse-leap-15.6',
    ]);
  });

  it('tells the same as JSON', async () => {
    const { images } = JSON.parse(await list('--config', config, '--json')) as { images: { name: string }[] };
    const named = (name: string) => images.find((image) => image.name === name);
    expect(named('demo')).to.include({ ships: true, installedForReal: true, assurance: 'local' });
    expect(named('debian-12')).to.include({ ships: true, installedForReal: false, endOfLife: '2028-06-30' });
    expect(named('debian-13')).to.include({ ships: false }).and.not.have.property('installedForReal');
  });

  it('has a line for each flavor of an image, with the newest image that was built', async () => {
    const flavored = join(directory, 'flavored.conf');
    writeFileSync(
      flavored,
      `[DEFAULT]
output-dir = ${directory}/out
[flavor xen]
hypervisor = xen
[flavor plain]
options = !kernel
[web]
like = trixie
group = server
flavors = xen, plain
[child]
parent = web@plain
[wrong]
like = web
flavors = xn
`,
    );
    mkdirSync(join(directory, 'out'));
    const built = [
      'web@plain-2026-01-02.tar.zst',
      'web@plain-2026-01-03.tar.zst',
      'web@plain-2026-01-03.manifest.json',
    ];
    for (const name of built) writeFileSync(join(directory, 'out', name), '');
    const newest = join(directory, 'out/web@plain-2026-01-03.tar.zst');
    const lines = (await list('--config', flavored)).split('\n');
    expect(lines.slice(0, 4).map((line) => line.split(/ {2,}/))).to.deep.equal([
      ['web@xen', 'Debian 13 (trixie)', 'packages'],
      ['web@plain', 'Debian 13 (trixie)', 'packages', newest],
      ['child', 'Debian 13 (trixie)', 'parent web@plain'],
      ['wrong', 'Debian 13 (trixie)', 'packages'],
    ]);
    const { images } = JSON.parse(await list('--config', flavored, '--json')) as { images: { name: string }[] };
    expect(images.slice(0, 2)).to.deep.include.members([
      {
        ...{ name: 'web@plain', flavor: 'plain', distribution: 'Debian 13 (trixie)', origin: 'bootstrap' },
        ...{ answerFile: 'none', assurance: 'unknown', ships: false, file: newest },
      },
    ]);
    expect(await list('--config', flavored, '--names', 'images')).to.match(/^web\nweb@xen\nweb@plain\nchild\n/);
  });

  it('agrees with the table of docs/distributions.md, which has each shipped image', () => {
    const rows = readFileSync(join(programDirectory, 'docs/distributions.md'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .flatMap(([, names = '', ...cells]) => imagesOf(names).map((name) => ({ name, tried: cells.at(-2) ?? '' })));
    const configuration = new Configuration([], Configuration.shippedSources());
    const shipped = configuration.imageNames();
    expect(rows.map(({ name }) => name)).to.have.members(shipped);
    const tried = rows.filter((row) => row.tried.startsWith('yes')).map(({ name }) => name);
    const marked = shipped.filter((name) => configuration.section(name).document.get(name, 'installed-for-real'));
    expect(tried).to.have.members(marked);
  });
});

/** The images of a row: in `rocky-8`, `-9` the second one is rocky-9. */
function imagesOf(cell: string): string[] {
  let family = '';
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => {
    if (!name.startsWith('-')) family = name.replace(/-[^-]*$/, '');
    return name.startsWith('-') ? family + name : name;
  });
}
