import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { execa } from 'execa';
import { writeChecksum } from '../../src/artifacts/checksum.js';
import type { OciDestination, RcloneDestination } from '../../src/config/destination.js';
import { sha256Of } from '../../src/host/digest.js';
import { Failure } from '../../src/host/failure.js';
import type { Progress } from '../../src/host/log.js';
import type { UploadFiles } from '../../src/publish/upload-files.js';
import { upload, uploadCommands } from '../../src/publish/upload.js';
import { changeEnvironment, rejection, testHost } from '../support/host.js';
import { freePort } from '../support/free-port.js';

const image = 'demo-2024-05-17.qcow2';

/** A server of the test's own on loopback, which answers before the test goes on and ends with it. */
class Server {
  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
  ) {}

  static async start(command: (port: number) => readonly [string, ...string[]]): Promise<Server> {
    const port = await freePort();
    const [file, ...args] = command(port);
    const child = spawn(file, args, { stdio: 'ignore' });
    const limit = Date.now() + 300_000;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`${file} ended with ${child.exitCode}`);
      if (
        await fetch(`http://127.0.0.1:${port}/`).then(
          () => true,
          () => false,
        )
      )
        return new Server(port, child);
      if (Date.now() > limit) throw new Error(`${file} does not answer`);
      await sleep(100);
    }
  }

  async stop(): Promise<void> {
    this.child.kill();
    if (this.child.exitCode === null) await once(this.child, 'exit');
  }
}

describe('upload to stores', () => {
  let scratch: string;
  let files: UploadFiles;
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'image-factory-upload-'));
    const directory = join(scratch, 'build');
    await mkdir(directory);
    await writeFile(join(directory, image), Buffer.alloc(3_000_000, 'image '));
    await writeChecksum(join(directory, image), await sha256Of(testHost(), join(directory, image)));
    files = { directory, names: [image, `${image}.sha256sum`] };
  });
  after(() => rm(scratch, { recursive: true }));

  describe('by rclone', () => {
    let server: Server;
    let remote: string;
    let restore: () => void;
    before(async () => {
      remote = join(scratch, 'remote');
      await mkdir(remote);
      server = await Server.start((port) => [
        ...(['rclone', 'serve', 'webdav', '--config', '/dev/null', '--addr', `127.0.0.1:${port}`] as const),
        ...['--user', 'ops', '--pass', 'secret', remote],
      ]);
      const { stdout: password } = await execa('rclone', ['obscure', 'secret']);
      restore = changeEnvironment({
        RCLONE_CONFIG: '/dev/null',
        RCLONE_CONFIG_STORE_TYPE: 'webdav',
        RCLONE_CONFIG_STORE_URL: `http://127.0.0.1:${server.port}`,
        RCLONE_CONFIG_STORE_USER: 'ops',
        RCLONE_CONFIG_STORE_PASS: password,
      });
    });
    after(async () => {
      restore();
      await server.stop();
    });

    const destination = (changes: Partial<RcloneDestination> = {}): RcloneDestination => ({
      ...{
        name: 'storage',
        type: 'rclone',
        target: 'store:golden/images',
        args: [],
        postUploadCommands: [],
        ...changes,
      },
    });

    it('brings the image and then its checksum to a server of WebDAV, and tells its progress', async () => {
      const host = testHost();
      const seen: Progress[] = [];
      const log = { ...host.log, progress: (now: Progress) => void seen.push(now) };
      // So slowly that rclone speaks of its progress in between.
      await upload({ ...host, log }, destination({ args: ['--bwlimit', '1M'] }), files);
      const there = join(remote, 'golden/images');
      expect((await readdir(there)).sort()).to.deep.equal([...files.names].sort());
      await execa('sha256sum', ['--check', `${image}.sha256sum`], { cwd: there });
      const fractions = seen.flatMap(({ fraction }) => fraction ?? []);
      expect(fractions.some((fraction) => fraction > 0 && fraction <= 1)).to.equal(true);
      expect(host.log.lines.filter((line) => line.startsWith('info: Uploaded'))).to.deep.equal([
        `info: Uploaded ${image}`,
        `info: Uploaded ${image}.sha256sum`,
        `info: Uploaded ${files.names.join(', ')} to store:golden/images`,
      ]);
    });

    it('fails with what rclone says, and names the destination', async () => {
      const error = await rejection(upload(testHost(), destination({ target: 'nowhere:images' }), files));
      expect(error).to.be.instanceOf(Failure);
      expect((error as Failure).message).to.match(
        /^Upload to storage failed: rclone copyto .*didn't find section in config file/s,
      );
    });

    it('is what a dry run prints', () => {
      const [first] = uploadCommands(destination(), files);
      expect([first?.file, ...(first?.args.slice(-3) ?? [])]).to.deep.equal([
        ...['rclone', '--', join(files.directory, image), `store:golden/images/${image}`],
      ]);
    });
  });

  describe('to a registry', () => {
    let server: Server;
    const container = 'demo-2024-05-17.oci.tar';
    const destination = (changes: Partial<OciDestination> = {}): OciDestination => ({
      ...{ name: 'registry', type: 'oci', target: `127.0.0.1:${server.port}/golden/demo:{date}` },
      ...{ args: ['--dest-tls-verify=false'], postUploadCommands: [], ...changes },
    });
    const withContainer = (): UploadFiles => ({
      ...files,
      containers: [{ file: container, transport: 'oci-archive' }],
    });
    before(async () => {
      server = await Server.start((port) => {
        const configuration = join(scratch, 'registry.yml');
        const lines = [
          'version: 0.1',
          `storage: {filesystem: {rootdirectory: ${join(scratch, 'registry')}}}`,
          `http: {addr: '127.0.0.1:${port}'}`,
        ];
        writeFileSync(configuration, `${lines.join('\n')}\n`);
        return ['docker-registry', 'serve', configuration];
      });
      const layout = join(scratch, 'layout');
      await execa('umoci', ['init', '--layout', layout]);
      await execa('umoci', ['new', '--image', `${layout}:demo`]);
      await execa('skopeo', [
        'copy',
        '--quiet',
        `oci:${layout}:demo`,
        `oci-archive:${join(files.directory, container)}:demo`,
      ]);
    });
    after(() => server.stop());

    it('sends the container image among the bundles, under the name with the date', async () => {
      const host = testHost();
      await upload(host, destination(), withContainer());
      const at = `docker://127.0.0.1:${server.port}/golden/demo:2024-05-17`;
      const { stdout } = await execa('skopeo', ['inspect', '--tls-verify=false', '--raw', at]);
      const sent = await execa('skopeo', ['inspect', '--raw', `oci-archive:${join(files.directory, container)}`]);
      expect((JSON.parse(stdout) as { config: object }).config).to.deep.equal(
        (JSON.parse(sent.stdout) as { config: object }).config,
      );
      expect(host.log.lines.at(-1)).to.equal(
        `info: Uploaded ${container} to 127.0.0.1:${server.port}/golden/demo:{date}`,
      );
    });

    it('sends it to whatever skopeo names, such as a directory', async () => {
      const to = join(scratch, 'dir');
      await upload(testHost(), destination({ target: `dir:${to}`, args: [] }), withContainer());
      expect(await readdir(to)).to.include.members(['manifest.json', 'version']);
    });

    it('fails with what skopeo says, and where there is no container image', async () => {
      const nowhere = destination({ target: '127.0.0.1:1/golden/demo', args: ['--dest-tls-verify=false'] });
      const error = (await rejection(upload(testHost(), nowhere, withContainer()))) as Failure;
      expect(error.message).to.match(/^Upload to registry failed: skopeo copy .*connection refused/s);
      const missing = (await rejection(upload(testHost(), destination(), files))) as Failure;
      expect(missing.message).to.equal('Upload to registry failed: there is no container image to upload');
    });
  });
});
