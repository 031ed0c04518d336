import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { program } from '../support/demo-image.js';
import { carryOut } from '../support/stacko-example.js';
import { rootOnly, TestStore } from '../support/layer-store.js';

/** A machine's mounts, which go away when it is stopped. */
class Boot {
  private constructor(private readonly process: ChildProcess) {}

  static async start(): Promise<Boot> {
    const process = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', 'echo up; exec sleep 3600']);
    await once(process.stdout, 'data');
    return new Boot(process);
  }

  async run(words: readonly string[], environment: Record<string, string>) {
    const inside = ['--mount', '--target', `${this.process.pid}`, '--', ...words];
    return execa('nsenter', inside, { reject: false, env: environment });
  }

  async stop(): Promise<void> {
    this.process.kill('SIGKILL');
    await once(this.process, 'close');
  }
}

describe('stacko', () => {
  let store: TestStore;
  let place: string;
  let link: string;
  let boot: Boot;

  before(function () {
    rootOnly(this);
  });

  beforeEach(async () => {
    store = new TestStore();
    place = mkdtempSync(join(tmpdir(), 'image-factory-stacko-'));
    link = join(place, 'stacko');
    symlinkSync(program, link);
    boot = await Boot.start();
  });

  afterEach(async () => {
    await boot.stop();
    await store.remove();
    rmSync(place, { recursive: true, force: true });
  });

  const run = (...words: string[]) => boot.run([link, ...words], store.environment);

  /** The words of a command that must succeed, and the mount point that it prints. */
  async function said(...words: string[]): Promise<{ text: string; mountPoint: string }> {
    const { stdout, exitCode } = await run(...words);
    expect(exitCode, `${words.join(' ')}: ${stdout}`).to.equal(0);
    return { text: stdout, mountPoint: /^mount-point='(.*)'$/m.exec(stdout)?.[1] ?? '' };
  }

  it("runs the example of Stacko's README word for word, with a reboot in between", async () => {
    const read = async (file: string) => (await boot.run(['cat', file], {})).stdout;
    const mountPoint = await carryOut({
      async stacko(words) {
        const { text, mountPoint: root } = await said(...words);
        if (words[0] === 'cutover-stackpoint') expect(await read(join(root, 'app'))).to.equal('apps-2.0');
        return text;
      },
      async write(file, line) {
        expect((await boot.run(['sh', '-c', 'echo "$1" >"$0"', file, line], {})).exitCode).to.equal(0);
      },
      async reboot() {
        await boot.stop();
        boot = await Boot.start();
        expect(await read(join(store.directory, 'points/system1fs/root/app'))).to.equal('');
      },
    });
    // Fallback shows the first version, with its changes.
    expect(await read(join(mountPoint, 'app'))).to.equal('apps-1.0');
    expect(await read(join(mountPoint, 'lib'))).to.equal('foundation-libs0.1');
    expect(await read(join(mountPoint, 'changed'))).to.equal('in the copy-on-write layer');
  });

  it('says what Stacko said', async () => {
    const { text: edited, mountPoint } = (await said('new-image', 'base'), await said('edit-image', 'base'));
    expect(edited).to.equal(`Mount image: name='base' read-only=False\nmount-point='${mountPoint}'`);
    expect((await said('close-image', 'base')).text).to.equal("Umount image: name='base' ");
    expect((await said('new-image', 'app', 'base')).text).to.equal("Added image: name='app' parent='base'");
    expect((await said('new-stackpoint', 'p', 'app')).text).to.equal("Created point: pointname='p' imagename='app'");
    const root = join(store.directory, 'points/p/root');
    expect((await said('mount-stackpoint', 'p')).text).to.equal(`Mounted stackpoint: name='p'\nmount-point='${root}'`);
    expect((await said('get-stackpoint-dir', 'p')).mountPoint).to.equal(root);
    expect((await said('is-stackpoint-mounted', 'p')).text).to.equal('True');
    expect((await said('list-images')).text).to.equal('Running list-images\napp\nbase');
    expect((await said('list_images', '-t')).text).to.equal('Running list-images\nbase\n└── app');
    expect((await said('list-instances', 'app')).text).to.equal('Running list-instances\napp:\n └── p');
    expect((await said('new-stackpoint-instance', 'p', 'base')).text).to.contain('Created point instance');
    expect((await said('cutover-stackpoint-instance', 'p', 'base')).mountPoint).to.equal(root);
    expect((await said('list-stackpoints')).text).to.equal('Running list-points\np:\n ├── app\n └── base <--- current');
    expect((await said('fallback-stackpoint-instance', 'p')).mountPoint).to.equal(root);
    expect((await said('set-stackpoint-instance', 'p', 'base')).text).to.contain('Set point instance');
    expect((await said('delete-stackpoint-instance', 'p', 'app')).text).to.contain('Deleted point instance');
    expect((await said('umount-stackpoint', 'p')).text).to.equal('');
    expect((await said('delete-stackpoint', 'p')).text).to.equal("Deleted point: pointname='p'");
    expect((await said('delete-image', 'app')).text).to.equal("Deleted image: name='app' ");
  });

  it('exits with 1 where Stacko exited with 0, and says the same', async () => {
    await said('new-image', 'base');
    await said('new-image', 'app', 'base');
    await said('new-stackpoint', 'p', 'app');
    const refused = {
      'new-image base': 'Image name already exists: base',
      'new-image x nothing': 'Parent does not exist: nothing',
      'edit-image nothing': 'Image does not exist: nothing',
      'delete-image base': 'Image is supporting other images: app',
      'delete-image app': 'Cannot delete an image that supports other instances: p',
      'new-stackpoint p app': 'Point already exists: p',
      'mount-stackpoint q': 'Point does not exist: q',
      'set-stackpoint-instance p base': 'Point instance does not exist: base',
      'delete-stackpoint-instance p app':
        "Cannot delete the Point's main instance, cutover to another instance before deleting: point=p image=app",
      'fallback-stackpoint p': "stackpoint 'p' has no step back: p.1 is the first instance that it showed",
    };
    for (const [line, words] of Object.entries(refused)) {
      const { exitCode, stdout } = await run(...line.split(' '));
      expect({ line, exitCode, stdout }).to.deep.equal({ line, exitCode: 1, stdout: `Error:\n\t${words}` });
    }
    // An attribute of Stacko's parser was a command, and ended in a traceback.
    expect(await run('imageManager')).to.deep.include({ exitCode: 1 });
    expect((await run('imageManager')).stdout).to.match(/^Unrecognized command\nusage: stacko <command>/);
    expect(await run('new-image')).to.deep.include({ exitCode: 2 });
    expect(await run('new-image', '../evil')).to.deep.include({ exitCode: 1 });
  });

  it('does not edit an image under the feet of what is built on it', async () => {
    await said('new-image', 'base');
    await said('new-image', 'app', 'base');
    const { exitCode, stdout } = await run('edit-image', 'base');
    expect(exitCode).to.equal(1);
    expect(stdout).to.contain("layer 'base' can't be edited again: layer 'app' would change with it");
  });

  it('exports and imports images', async () => {
    await said('new-image', 'base');
    const { mountPoint } = await said('edit-image', 'base');
    await boot.run(['sh', '-c', 'echo hello >"$0"', join(mountPoint, 'motd')], {});
    await said('close-image', 'base');
    const file = join(place, 'base.tar');
    expect((await said('export-image', 'base', file)).text).to.equal(`Exported image: name='base' file='${file}'`);
    expect((await said('import-image', 'copy', file)).text).to.equal("Imported image: name='copy' parent=None");
    const [one, other] = await Promise.all(
      ['base', 'copy'].map((name) => store.json<{ contentId: string }>('layer', 'show', name)),
    );
    expect(one?.contentId).to.equal(other?.contentId);
  });

  it('runs under the name of the program as well', async () => {
    const { stdout } = await boot.run([program, 'stacko', 'new-image', 'base'], store.environment);
    expect(stdout).to.equal("Added image: name='base' parent=None");
  });

  it('copies what Stacko itself has made, with the instances of its stackpoints', async () => {
    const old = join(place, 'old');
    const content = (image: string, instance: string) => join(old, 'images', image, instance, 'content');
    for (const [image, instance] of [
      ['base', '.self'],
      ['app-1', '.self'],
      ['app-2', '.self'],
      ['app-1', 'p'],
      ['app-2', 'p'],
    ] as const) {
      mkdirSync(content(image, instance), { recursive: true });
      writeFileSync(join(content(image, instance), `${image}${instance}`), '');
    }
    await execa('mknod', [join(content('app-1', 'p'), 'base.self'), 'c', '0', '0']);
    mkdirSync(join(old, 'metadata'));
    const images = [
      { name: 'app-1', parent: 'base', version: null, instances: ['p'] },
      { name: 'app-2', parent: 'base', version: null, instances: ['p'] },
      { name: 'base', parent: null, version: null, instances: [] },
    ];
    writeFileSync(join(old, 'metadata/images.json'), JSON.stringify(images));
    const points = [{ name: 'p', imageHistory: ['app-1', 'app-2'], currentImage: 'app-1' }];
    writeFileSync(join(old, 'metadata/points.json'), JSON.stringify(points));
    expect(await store.run('layer', 'import', '--stacko', old)).to.equal(
      ['layer app-1', 'layer app-2', 'layer base', 'stackpoint p'].join('\n'),
    );
    const { mountPoint } = await said('mount-stackpoint', 'p');
    const { stdout } = await boot.run(['ls', '-A', `${mountPoint}/`], {});
    expect(stdout.split('\n')).to.deep.equal(['app-1.self', 'app-1p']);
    await said('fallback-stackpoint', 'p');
    expect((await boot.run(['ls', '-A', `${mountPoint}/`], {})).stdout.split('\n')).to.deep.equal([
      ...['app-2.self', 'app-2p', 'base.self'],
    ]);
    expect(readFileSync(join(old, 'metadata/points.json'), 'utf8')).to.equal(JSON.stringify(points));
  });
});
