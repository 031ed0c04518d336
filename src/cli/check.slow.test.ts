import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { makeDisk } from '../../test/support/disk.js';
import { plant } from '../../test/support/planted-system.js';
import { programDirectory } from '../host/program-directory.js';

const program = join(programDirectory, 'bin/image-factory');

describe('check', function () {
  this.timeout(10 * 60_000);
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'check-'));
    const base = {
      '/etc/os-release': 'ID=debian\n',
      '/etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
      '/usr/bin/true': 'x',
    };
    for (const [name, system] of [
      ['golden', base],
      ['dirty', { ...base, '/etc/machine-id': 'f00\n', '/root/.bash_history': 'ls\n' }],
    ] as const) {
      const content = join(directory, `${name}-content`);
      mkdirSync(content);
      plant(content, name === 'dirty' ? { ...system } : system);
      makeDisk(join(directory, `${name}.raw`), 'dos', [{ type: 'L', size: 24, fileSystem: 'ext4', content }]);
    }
  });
  after(() => rmSync(directory, { recursive: true }));

  const check = (...words: string[]) =>
    execa(program, ['check', ...words], {
      reject: false,
      env: { HOME: directory, IMAGE_FACTORY_CONFIG: '', IMAGE: '' },
    });
  const image = (name: string) => join(directory, name);

  it('prints what it finds, why it matters and what says so, and exits with 1', async () => {
    const { stdout, exitCode } = await check(image('dirty.raw'));
    expect(exitCode).to.equal(1);
    expect(stdout).to.match(
      /^ {2}error {5}machine-id: systemd's machine id\n {12}\/etc\/machine-id\n {12}because .*\(machine-id\(5\)/m,
    );
    expect(stdout).to.match(/dirty\.raw: NOT GOLDEN \(\d+ rules; found 2 errors, 2 notes\)$/);
  });

  it('exits with 0 where only notes are told, and with -q prints nothing', async () => {
    const { stdout, exitCode } = await check(image('golden.raw'));
    expect(exitCode).to.equal(0);
    expect(stdout)
      .to.contain('note      no-ssh-server')
      .and.match(/golden\.raw: golden \(\d+ rules; found 2 notes\)$/);
    expect(await check('-q', image('golden.raw'))).to.include({ stdout: '', stderr: '', exitCode: 0 });
  });

  it('leaves out rules, and tells all as JSON', async () => {
    const { stdout, exitCode } = await check(
      '--json',
      '--except',
      'machine-id',
      image('dirty.raw'),
      image('golden.raw'),
    );
    expect(exitCode).to.equal(1);
    const { images } = JSON.parse(stdout) as { images: { golden: boolean; findings: Record<string, string>[] }[] };
    expect(images.map(({ golden }) => golden)).to.deep.equal([false, true]);
    const [finding] = images[0]!.findings;
    expect(finding).to.include({ rule: 'shell-history', level: 'error', path: '/root/.bash_history' });
    expect(finding).to.have.keys('rule', 'level', 'path', 'title', 'reason', 'source');
  });

  it('writes a repaired copy, and never over a file', async () => {
    const copy = image('repaired.raw');
    const { stdout, exitCode } = await check('--fix', copy, image('dirty.raw'));
    expect(exitCode).to.equal(0);
    expect(stdout).to.contain('repaired  machine-id').and.contain('the repaired copy of').and.contain(': golden (');
    const again = await check('--fix', copy, image('dirty.raw'));
    expect(again.exitCode).to.equal(2);
    expect(again.stderr).to.contain(`${copy} exists: name a new file`);
  });

  it('takes the name of an image for the newest one that was built', async () => {
    const built = image('built');
    mkdirSync(built);
    for (const name of ['demo-2026-01-02.raw', 'demo-2025-12-31.raw', 'demo-x-2026-11-01.raw']) {
      copyFileSync(image('golden.raw'), join(built, name));
    }
    const { stdout } = await check('--output-dir', built, 'demo');
    expect(stdout).to.contain('demo-2026-01-02.raw: golden');
    // And what its section excepts does not count.
    copyFileSync(image('dirty.raw'), join(built, 'web-2026-01-02.raw'));
    const config = image('my.conf');
    writeFileSync(config, '[web]\nlike = demo\ngolden-except = machine-id, shell-history\n');
    expect((await check('--config', config, '--output-dir', built, 'web')).exitCode).to.equal(0);
  });

  it('explains what it can not check', async () => {
    writeFileSync(image('empty.raw'), Buffer.alloc(2 ** 20));
    const wrong: [string[], number, RegExp][] = [
      [['demmo'], 2, /demmo: there is no such file, and no such image in the configuration \(did you mean 'demo'\?\)/],
      [['--output-dir', directory, 'demo'], 2, /demo: no such image was built in /],
      [[directory], 2, /this is no file, and no such image/],
      [['--except', 'machine-ids', image('golden.raw')], 2, /no such rule \(did you mean 'machine-id'\?\)/],
      [['--fix', image('x.raw'), image('golden.raw'), image('dirty.raw')], 2, /name only one/],
      [['--root-partition', 'first', image('golden.raw')], 2, /--root-partition first: expected/],
      [[], 2, /no image given/],
      [[image('empty.raw')], 1, /no partitions/],
    ];
    for (const [words, code, message] of wrong) {
      const { stderr, exitCode } = await check(...words);
      expect(stderr, words.join(' ')).to.match(message);
      expect(exitCode, words.join(' ')).to.equal(code);
    }
  });
});
