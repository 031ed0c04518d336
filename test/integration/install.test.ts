import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { programDirectory, programVersion } from '../../src/host/program-directory.js';

describe('make install', function () {
  this.timeout(300_000);
  let destination: string;
  before(() => (destination = mkdtempSync(join(tmpdir(), 'install-'))));
  after(() => rmSync(destination, { recursive: true }));
  const installed = (path: string) => join(destination, 'opt/factory', path);

  /** What is built already is taken as it is, for other tests run it at the same time. */
  async function make(target: string): Promise<void> {
    const built = ['node_modules/.installed', 'lib/.built', 'doc-packages'].map((file) => `--old-file=${file}`);
    const places = [`DESTDIR=${destination}`, 'PREFIX=/opt/factory'];
    await execa('make', [...built, ...places, target], { cwd: programDirectory, env: { MAKEFLAGS: '' } });
  }

  async function run(...words: string[]): Promise<string> {
    return (await execa(installed('bin/image-factory'), words, { cwd: '/' })).stdout;
  }

  it('puts each file into its place below DESTDIR and PREFIX', async () => {
    await make('install');
    expect(readdirSync(destination)).to.deep.equal(['opt']);
    expect(filesBelow(installed('bin'))).to.deep.equal(['image-factory', 'image-factory-sudo-helper', 'stacko']);
    expect(
      filesBelow(installed('share')).filter((file) => !/^doc\/image-factory\/(?:docs|examples)\//.test(file)),
    ).to.deep.equal([
      'bash-completion/completions/image-factory',
      'doc/image-factory/Jenkinsfile.example',
      'doc/image-factory/LICENSE',
      'doc/image-factory/NEWS.md',
      'doc/image-factory/README.md',
      'doc/image-factory/manifest.schema.json',
      'fish/vendor_completions.d/image-factory.fish',
      'man/man1/image-factory-sudo-helper.1',
      'man/man1/image-factory.1',
      'man/man5/image-factory.conf.5',
      'man/man7/image-factory-elements.7',
      'man/man7/image-factory-layers.7',
      'man/man7/image-factory-packages.7',
      'zsh/site-functions/_image-factory',
    ]);
    expect(readdirSync(installed('lib')).sort()).to.deep.equal(['image-factory', 'systemd']);
    const unit = readFileSync(installed('lib/systemd/system/image-factory-stackpoints.service'), 'utf8');
    expect(unit).to.contain('\nExecStart=/opt/factory/bin/image-factory stackpoint mount --all\n');
    // It prints what it would ignore, and has no exit code for that. Its own program is where it will be after DESTDIR.
    const checked = join(destination, 'image-factory-stackpoints.service');
    writeFileSync(checked, unit.replace('/opt/factory/', `${destination}/opt/factory/`));
    expect((await execa('systemd-analyze', ['verify', '--man=no', checked], { all: true })).all).to.equal('');
    rmSync(checked);
    expect(readdirSync(installed('lib/image-factory')).sort()).to.deep.equal(
      ['bin', 'configs', 'demo', 'layouts', 'lib', 'node_modules', 'package.json', 'sudo-helper', 'templates'].sort(),
    );
  });

  it('installs the guides that README refers to', () => {
    const readme = readFileSync(installed('share/doc/image-factory/README.md'), 'utf8');
    for (const [, guide = ''] of readme.matchAll(/\]\((docs\/[^)#]+)\)/g)) {
      expect(existsSync(installed(`share/doc/image-factory/${guide}`)), guide).to.equal(true);
    }
  });

  it('installs the examples as they are', () => {
    const examples = installed('share/doc/image-factory/examples');
    expect(filesBelow(examples)).to.deep.equal(filesBelow(join(programDirectory, 'examples')));
  });

  it('installs each package that the program needs, in it or beside it', () => {
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(programDirectory, 'package.json'), 'utf8'),
    ) as Record<'dependencies' | 'devDependencies', Record<string, string>>;
    const licenses = readFileSync(installed('lib/image-factory/lib/licenses.txt'), 'utf8');
    const within = (name: string) =>
      licenses.includes(`${name} ${dependencies[name]!.replace('^', '').split('.')[0]}.`);
    const beside = (name: string) => existsSync(installed(`lib/image-factory/node_modules/${name}/package.json`));
    const needed = Object.keys(dependencies);
    expect(needed.filter((name) => within(name) === beside(name))).to.deep.equal([]);
    expect(needed.filter(beside)).to.have.members(['ssh2', '@xterm/headless']);
    expect(Object.keys(devDependencies).filter(beside)).to.deep.equal([]);
  });

  it('installs no tool, test, source map or object file', () => {
    const files = filesBelow(installed('lib/image-factory'));
    expect(files.filter((file) => /\.map$|\.o$|^lib\/.*(\.test\.js|\.ts|\.built)$/.test(file))).to.deep.equal([]);
  });

  it('makes a program that runs from anywhere, and finds its templates and modules', async () => {
    expect(await run('--version')).to.equal(programVersion());
    expect(await run('list')).to.match(/^demo +/m);
    expect(await run('render', 'debian-13')).to.include('d-i ');
    expect(await run('demo', '--dry-run')).to.include('virt-install');
    expect(JSON.parse(await run('doctor', '--json'))).to.have.property('ready', true);
    expect(await run('completion', 'bash')).to.equal(
      readFileSync(installed('share/bash-completion/completions/image-factory'), 'utf8').trimEnd(),
    );
  });

  it('leaves no file of the release that was there before', async () => {
    const stale = ['lib/image-factory/lib/cli/removed.js', 'lib/image-factory/templates/removed.hbs'];
    for (const file of [...stale, 'share/doc/image-factory/REMOVED']) writeFileSync(installed(file), '');
    const before = filesBelow(destination).filter((file) => !/removed/i.test(file));
    await make('install');
    expect(filesBelow(destination)).to.deep.equal(before);
    expect(await run('list')).to.match(/^demo +/m);
  });

  it('is undone by make uninstall, which leaves the files of others', async () => {
    writeFileSync(installed('bin/other'), '');
    writeFileSync(installed('share/man/man1/other.1'), '');
    await make('uninstall');
    expect(filesBelow(destination)).to.deep.equal(['opt/factory/bin/other', 'opt/factory/share/man/man1/other.1']);
    rmSync(installed('bin/other'));
    rmSync(installed('share/man/man1/other.1'));
    await make('uninstall');
    expect(readdirSync(installed('.'))).to.deep.equal([]);
  });
});

/** Files and links, by their paths below the directory. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}
