import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import ssh2 from 'ssh2';
import { Failure, Interrupted } from '../../src/host/failure.js';
import { shellLine, type Host } from '../../src/host/host.js';
import type { Progress } from '../../src/host/log.js';
import { changeEnvironment, testHost } from '../support/host.js';
import { writeChecksum } from '../../src/artifacts/checksum.js';
import { sha256Of } from '../../src/host/digest.js';
import type { RsyncDestination, SftpDestination } from '../../src/config/destination.js';
import type { UploadFiles } from '../../src/publish/upload-files.js';
import { parseSftpTarget } from '../../src/config/sftp-server.js';
import { splitWords } from '../../src/config/words.js';
import { uploadBySftp } from '../../src/publish/sftp.js';
import { upload, uploadCommands } from '../../src/publish/upload.js';
import { startSshd, type Sshd } from '../support/sshd.js';

const MiB = 1024 * 1024;
const image = 'demo-2024-05-17.qcow2';
const checksum = `${image}.sha256sum`;

describe('upload', () => {
  let server: Sshd;
  let scratch: string;
  /** Holds the image and its checksum. */
  let files: UploadFiles;
  /** The same with a small image. */
  let small: UploadFiles;
  /** Where the image does not matter. */
  let single: UploadFiles;
  /** The directory on the server, which is this machine. */
  let remote: string;

  before(async () => {
    server = await startSshd();
    scratch = await mkdtemp(join(tmpdir(), 'image-factory-upload-'));
    files = { directory: join(scratch, 'build'), names: [image, checksum] };
    small = { ...files, directory: join(scratch, 'small') };
    single = { ...files, names: [checksum] };
    await writeImage(files.directory, 64 * MiB);
    await writeImage(small.directory, MiB);
  });
  after(async () => {
    await server.stop();
    await rm(scratch, { recursive: true });
  });
  beforeEach(async () => {
    remote = await mkdtemp(join(scratch, 'remote-'));
  });
  afterEach(() => rm(remote, { recursive: true, force: true }));

  const sftp = ({
    target = `sftp://${userInfo().username}@127.0.0.1:${server.port}${remote}/`,
    port = server.port,
    ...changes
  }: Partial<SftpDestination> & { port?: number } = {}): SftpDestination => ({
    name: 'mirror',
    type: 'sftp',
    target,
    server: { ...parseSftpTarget(target), port },
    identity: server.identity,
    knownHosts: server.knownHosts,
    postUploadCommands: [],
    ...changes,
  });

  const expectUploaded = async ({ directory } = files) => {
    expect(await readdir(remote)).to.have.members([image, checksum]);
    await execa('cmp', [join(directory, image), join(remote, image)]);
    await execa('sha256sum', ['-c', checksum], { cwd: remote });
  };

  describe('over SFTP', () => {
    it('brings the image and its checksum, and tells its progress', async () => {
      const seen: Progress[] = [];
      await upload(
        watched((now) => seen.push(now)),
        sftp(),
        files,
      );
      await expectUploaded();
      const fractions = seen.flatMap(({ fraction }) => fraction ?? []);
      expect(fractions).to.deep.equal([...fractions].sort((a, b) => a - b));
      expect(fractions.at(-1)).to.equal(1);
      expect(fractions.length).to.be.greaterThan(100);
    });

    it('replaces what was there under the same names', async () => {
      await writeFile(join(remote, image), 'an older image');
      await writeFile(join(remote, checksum), 'its checksum');
      await upload(testHost(), sftp(), small);
      await expectUploaded(small);
    });

    it('shows a new image only when it is whole, and never with the checksum of another', async () => {
      await writeFile(join(remote, image), 'an older image');
      await writeFile(join(remote, checksum), 'its checksum');
      const during = atFraction(0.5, async () => ({
        image: await readFile(join(remote, image), 'utf8'),
        checksum: await readFile(join(remote, checksum), 'utf8'),
      }));
      await upload(watched(during.progress), sftp(), files);
      expect(await during.done()).to.deep.equal({ image: 'an older image', checksum: 'its checksum' });
    });

    it('leaves no old checksum beside an image that it could not replace', async () => {
      await mkdir(join(remote, image, 'in the way'), { recursive: true });
      await writeFile(join(remote, checksum), 'the checksum of an older image');
      await expectFailure(upload(testHost(), sftp(), small), /Can't rename .*\.part to demo-2024-05-17.qcow2: /);
      expect(await readdir(remote))
        .to.include(image)
        .and.not.include(checksum);
    });

    it('finds the directory relative to the home of the user', async () => {
      await expectFailure(
        upload(testHost(), sftp({ target: '127.0.0.1:no-such-directory-of-image-factory', port: server.port }), files),
        /^Upload to mirror failed: Can't upload to no-such-directory-of-image-factory on 127.0.0.1 port \d+: No such file/,
        /Create the directory/,
      );
    });

    it('replaces files also where the server knows only the rename of plain SFTP', async () => {
      const plain = await startSshd({ sftpServer: 'internal-sftp -P posix-rename,fsync' });
      try {
        await writeFile(join(remote, image), 'an older image');
        const { identity, knownHosts } = plain;
        await upload(
          testHost(),
          sftp({ target: `127.0.0.1:${remote}`, port: plain.port, identity, knownHosts }),
          small,
        );
        await expectUploaded(small);
      } finally {
        await plain.stop();
      }
    });

    it('calls only what checks the host key and the key of the user, and the commands after it', () => {
      const destination = sftp({ target: 'images.example:/srv', knownHosts: '/k', identity: '/id', port: 2222 });
      const commands = uploadCommands({ ...destination, postUploadCommands: [['notify', image]] }, files);
      expect(commands.map(shellLine)).to.deep.equal([
        "ssh-keygen -F '[images.example]:2222' -f /k",
        "ssh-keygen -y -P '' -f /id",
        `notify ${image}`,
      ]);
    });

    it('says so when the user may not write there', async () => {
      const readOnly = await startSshd({ sftpServer: 'internal-sftp -R' });
      try {
        const { identity, knownHosts } = readOnly;
        await expectFailure(
          upload(testHost(), sftp({ target: `127.0.0.1:${remote}`, port: readOnly.port, identity, knownHosts }), files),
          /Can't write demo-2024-05-17.qcow2 \(64 MiB\) to .*: Permission denied/,
          /write permission/,
        );
      } finally {
        await readOnly.stop();
      }
    });

    it('says so when the disk of the server is full', async function () {
      if (process.getuid?.() !== 0) {
        console.log(
          'skipped: mounting a small tmpfs needs root; run: sudo npx mocha --spec test/machine/upload.test.ts',
        );
        this.skip();
      }
      await execa('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', remote]);
      try {
        await expectFailure(
          upload(testHost(), sftp(), files),
          /Can't write .* \(64 MiB\) .*: only \d+ MiB are free there/,
        );
      } finally {
        await execa('umount', [remote]);
      }
    });
  });

  describe('over a bad line', () => {
    it('continues where it stopped when the connection breaks', async () => {
      const fractions: number[] = [];
      const kill = atFraction(0.5, () => server.killConnections());
      const host = watched((now) => {
        fractions.push(now.fraction ?? 0);
        kill.progress(now);
      });
      await uploadBySftp(host, sftp(), files, [10, 10]);
      await kill.done();
      await expectUploaded();
      expect(
        host.log.lines.filter((line) =>
          /^warn: Upload to mirror: connection to 127.0.0.1 port \d+ lost: .+; next try in 0.01 s/.test(line),
        ),
      ).to.have.length(1);
      const ofImage = fractions.filter((fraction) => fraction < 0.99);
      const [resumed, more] = ofImage.filter((fraction, index) => fraction <= (ofImage[index - 1] ?? -1));
      expect(resumed, 'back by no more than what was under way').to.be.within(0.5 - 9 / 64, 1);
      expect(more).to.equal(undefined);
    });

    it('continues also when only the SFTP process of the server ends', async () => {
      const pid = join(scratch, 'sftp-server.pid');
      const own = await startSshd({ sftpServer: `echo $$ > ${pid}; exec /usr/lib/openssh/sftp-server` });
      const fractions: number[] = [];
      const kill = atFraction(0.5, async () => process.kill(Number(await readFile(pid, 'utf8')), 'SIGKILL'));
      const host = watched((now) => {
        fractions.push(now.fraction ?? 0);
        kill.progress(now);
      });
      try {
        const { port, identity, knownHosts } = own;
        await uploadBySftp(host, sftp({ target: `127.0.0.1:${remote}`, port, identity, knownHosts }), files, [10]);
      } finally {
        await own.stop();
      }
      await expectUploaded();
      expect(host.log.lines.filter((line) => line.startsWith('warn: '))).to.have.length(1);
      expect(Math.min(...fractions.slice(fractions.findIndex((fraction) => fraction >= 0.5)))).to.be.greaterThan(0.3);
    });

    it('continues what an earlier call has begun', async () => {
      await breakUploadAt(0.5);
      const [part] = await readdir(remote);
      expect(part).to.match(/^\.demo-2024-05-17\.qcow2\.[0-9a-f]{12}\.part$/);
      expect(await firstFraction()).to.be.greaterThan(0.3);
      await expectUploaded();
    });

    it('does not continue a part that the server has damaged', async () => {
      await breakUploadAt(0.5);
      const [part = ''] = await readdir(remote);
      const { size } = await stat(join(remote, part));
      const file = await open(join(remote, part), 'r+');
      await file.write(Buffer.alloc(4096, 'x'), 0, 4096, size - 8.5 * MiB);
      await file.close();
      expect(await firstFraction()).to.equal(0);
      await expectUploaded();
    });

    it('does not continue the part of another build', async () => {
      await breakUploadAt(0.5);
      const parts = await readdir(remote);
      const another = join(scratch, 'another');
      await mkdir(another);
      await execa('cp', ['-a', join(files.directory, image), join(files.directory, checksum), another]);
      expect(await firstFraction({ ...files, directory: another })).to.equal(0);
      expect(await readdir(remote)).to.have.members([image, checksum, ...parts]);
    });

    it('gives up when the connection breaks again and again', async () => {
      const silent = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as AddressInfo;
      try {
        const host = testHost();
        await expectFailure(
          uploadBySftp(host, sftp({ target: `127.0.0.1:${remote}`, port }), files, [1, 1, 1]),
          /no connection to 127.0.0.1 port \d+: .*\(failed 4 times in a row\)/,
        );
        expect(host.log.lines.filter((line) => line.startsWith('warn'))).to.have.length(3);
      } finally {
        silent.close();
      }
    });

    it('says so when nobody listens', async () => {
      const gone = await startSshd();
      await gone.stop();
      await expectFailure(
        uploadBySftp(testHost(), sftp({ target: `127.0.0.1:${remote}`, port: gone.port }), files, []),
        /ECONNREFUSED/,
      );
    });

    it('stops at once when the build is interrupted', async () => {
      const controller = new AbortController();
      const stop = atFraction(0.3, () => {
        controller.abort(new Interrupted('SIGINT'));
        return Promise.resolve();
      });
      const error = await upload(watched(stop.progress, controller.signal), sftp(), files).catch((e: unknown) => e);
      expect(error).to.be.instanceOf(Interrupted);
      const left = await readdir(remote);
      expect(left).to.have.length(1).and.not.include(image);
      expect((await stat(join(remote, left[0]!))).size).to.be.below(64 * MiB);
    });

    it('stops at once also while it waits for a server that says nothing', async () => {
      const silent = createServer().listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as AddressInfo;
      const controller = new AbortController();
      silent.once('connection', (socket) => {
        socket.on('error', () => undefined);
        controller.abort(new Interrupted('SIGTERM'));
      });
      let over = false;
      const timeOver = setTimeout(() => (over = true), 15_000);
      const uploading = upload(testHost(controller.signal), sftp({ target: `127.0.0.1:${remote}`, port }), files);
      expect(await uploading.catch((e: unknown) => e)).to.be.instanceOf(Interrupted);
      clearTimeout(timeOver);
      expect(over, 'it waited for the handshake to time out').to.be.false;
      silent.close();
    });

    const breakUploadAt = async (fraction: number) => {
      const kill = atFraction(fraction, () => server.killConnections());
      await expectFailure(uploadBySftp(watched(kill.progress), sftp(), files, []), /failed 1 times in a row/);
      await kill.done();
    };
    const firstFraction = async (uploaded = files) => {
      const fractions: number[] = [];
      await uploadBySftp(
        watched(({ fraction }) => fractions.push(fraction ?? -1)),
        sftp(),
        uploaded,
        [],
      );
      return fractions[0];
    };
  });

  describe('and the host key', () => {
    const knownAs = async (...keys: string[]) => {
      const knownHosts = join(scratch, 'known_hosts');
      await writeFile(knownHosts, keys.map((key) => `[127.0.0.1]:${server.port} ${key}\n`).join(''));
      return sftp({ knownHosts });
    };

    it('is compared with the type of key that is known, whichever the server prefers', async () => {
      for (const key of Object.values(server.hostKeys)) {
        await upload(testHost(), await knownAs(key), single);
      }
    });

    it('must be known', async () => {
      const { stdout } = await execa('ssh-keygen', ['-l', '-f', join(server.directory, 'host-ed25519.pub')]);
      const [, fingerprint = ''] = stdout.split(' ');
      const error = await expectFailure(
        upload(testHost(), await knownAs(), files),
        /The host key of 127.0.0.1 port \d+ is in none of /,
        /ssh-keyscan -p \d+ 127.0.0.1 >> /,
      );
      expect(error.message).to.contain(`ssh-ed25519 ${fingerprint}`);
      expect(await readdir(remote)).to.deep.equal([]);
    });

    it('must be the known one', async () => {
      await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(scratch, 'wrong')]);
      const wrong = (await readFile(join(scratch, 'wrong.pub'), 'utf8')).split(' ').slice(0, 2).join(' ');
      await expectFailure(
        upload(testHost(), await knownAs(wrong), files),
        /has changed, or someone intercepts the connection/,
      );
      expect(await readdir(remote)).to.deep.equal([]);
    });

    it('must be of a type that is known', async () => {
      await execa('ssh-keygen', ['-q', '-t', 'ecdsa', '-N', '', '-f', join(scratch, 'ecdsa')]);
      const ecdsa = (await readFile(join(scratch, 'ecdsa.pub'), 'utf8')).split(' ').slice(0, 2).join(' ');
      await expectFailure(
        upload(testHost(), await knownAs(ecdsa), files),
        /has no host key of the types that .* know of it: ecdsa-sha2-nistp256/,
      );
    });

    it('must not be revoked', async () => {
      const { ed25519 } = server.hostKeys;
      const destination = await knownAs(ed25519, server.hostKeys.rsa);
      await writeFile(destination.knownHosts ?? '', `@revoked * ${ed25519}\n`, { flag: 'a' });
      // The other key is still good, so that is the one to ask for.
      await upload(testHost(), destination, single);
      await writeFile(destination.knownHosts ?? '', `@revoked * ${ed25519}\n`);
      await expectFailure(upload(testHost(), destination, files), /The host key of .* is revoked in/);
    });
  });

  describe('and the login', () => {
    const makeKey = async (name: string, passphrase = '') => {
      const path = join(scratch, name);
      await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-f', path]);
      return path;
    };

    it('names the key that the server does not accept', async () => {
      const identity = await makeKey('stranger');
      await expectFailure(
        upload(testHost(), sftp({ identity }), files),
        new RegExp(`rejects the login of ${userInfo().username} \\(tried: key ${identity}\\)`),
      );
    });

    it('sends the owner of an encrypted key to the agent', async () => {
      const identity = await makeKey('encrypted', 'secret');
      await expectFailure(upload(testHost(), sftp({ identity }), files), /is encrypted/, /ssh-add/);
    });

    it('says what is wrong with a key file', async () => {
      const identity = join(scratch, 'no-such-key');
      await expectFailure(upload(testHost(), sftp({ identity }), files), /no-such-key can't be used: .*No such file/);
    });

    it('asks the agent when the destination names no key', async () => {
      const socket = join(scratch, 'agent');
      const agent = execa('ssh-agent', ['-D', '-a', socket], { reject: false });
      try {
        while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 20));
        await execa('ssh-add', ['-q', server.identity], { env: { SSH_AUTH_SOCK: socket } });
        await withEnvironment({ SSH_AUTH_SOCK: socket, HOME: scratch }, async () => {
          await upload(testHost(), unnamed(), single);
        });
        expect(await readdir(remote)).to.deep.equal([checksum]);
      } finally {
        agent.kill();
        await agent;
      }
    });

    it('takes the default keys of the user when there is no agent', async () => {
      const home = join(scratch, 'home');
      await mkdir(join(home, '.ssh'), { recursive: true });
      await execa('cp', ['-p', server.identity, join(home, '.ssh/id_ed25519')]);
      await execa('cp', ['-p', server.knownHosts, join(home, '.ssh/known_hosts')]);
      await withEnvironment({ SSH_AUTH_SOCK: join(scratch, 'stale'), HOME: home }, async () => {
        await upload(testHost(), anonymous(), single);
      });
      expect(await readdir(remote)).to.deep.equal([checksum]);
    });

    it('fails when there is no way at all', async () => {
      await withEnvironment({ SSH_AUTH_SOCK: undefined, HOME: scratch }, async () => {
        await expectFailure(upload(testHost(), unnamed(), files), /No way to log in/, /upload_identity/);
      });
    });

    it('takes the password from the environment, and never shows it', async () => {
      const taken: string[] = [];
      const hostKey = await readFile(join(server.directory, 'host-ed25519'));
      // A real sshd checks passwords of the machine's real users only.
      const fake = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
        client.on('error', () => undefined);
        client.on('authentication', (attempt) => {
          if (attempt.method === 'password') taken.push(`${attempt.username} ${attempt.password}`);
          if (attempt.method !== 'keyboard-interactive') return attempt.reject(['password', 'keyboard-interactive']);
          attempt.prompt('Password: ', (answers) => {
            taken.push(`${attempt.username} ${answers.join()}`);
            attempt.reject();
          });
        });
      }).listen(0, '127.0.0.1');
      await once(fake, 'listening');
      const { port } = fake.address() as AddressInfo;
      const knownHosts = join(scratch, 'fake_known_hosts');
      await writeFile(knownHosts, `[127.0.0.1]:${port} ${server.hostKeys.ed25519}\n`);
      const host = testHost();
      try {
        await withEnvironment({ MIRROR_PASSWORD: 'open sesame' }, async () => {
          const named = { ...unnamed({ target: `me@127.0.0.1:${remote}`, port }), knownHosts };
          const error = await expectFailure(
            upload(host, { ...named, passwordEnv: 'MIRROR_PASSWORD' }, files),
            /rejects the login of me \(tried: password from \$MIRROR_PASSWORD\)/,
          );
          expect(error.message).not.to.contain('sesame');
          await expectFailure(
            upload(host, { ...named, passwordEnv: 'NO_SUCH' }, files),
            /variable NO_SUCH .* is not set/,
          );
        });
      } finally {
        fake.close();
      }
      expect(taken, 'as a password, and as the answer to a question').to.deep.equal([
        'me open sesame',
        'me open sesame',
      ]);
      expect(host.log.lines.join('\n')).not.to.contain('sesame');
    });

    /** Says neither how to log in nor which hosts are known. */
    const anonymous = (changes?: { target: string; port: number }): SftpDestination => {
      const { name, type, target, server, postUploadCommands } = sftp(changes);
      return { name, type, target, server, postUploadCommands };
    };
    const unnamed = (changes?: { target: string; port: number }) => ({
      ...anonymous(changes),
      knownHosts: server.knownHosts,
    });
  });

  describe('with rsync', () => {
    const rsync = (changes: Partial<RsyncDestination> = {}): RsyncDestination => ({
      name: 'upload-host1',
      type: 'rsync',
      target: `${remote}/`,
      args: [],
      postUploadCommands: [],
      ...changes,
    });

    it('brings the image and its checksum over ssh, with arguments that are split like words of a shell', async () => {
      const ssh = `ssh -p ${server.port} -i ${server.identity} -o IdentitiesOnly=yes -o UserKnownHostsFile=${server.knownHosts}`;
      const args = splitWords(`-e "${ssh}" --stats`);
      const host = testHost();
      await upload(host, rsync({ args, target: `127.0.0.1:${remote}/` }), small);
      await expectUploaded(small);
      expect(host.log.lines.join('\n')).to.match(/info: Number of files: 2/);
    });

    it('calls rsync as ever: arguments, image, checksum, target, where the files are', () => {
      const destination = rsync({
        args: ['--progress', '-e', 'ssh -p 2222'],
        target: 'user@host:/srv/',
        postUploadCommands: [['ssh', 'user@host', 'ls', `/srv/${image}`]],
      });
      const commands = uploadCommands(destination, files);
      expect(commands.map(shellLine)).to.deep.equal([
        `rsync --progress -e 'ssh -p 2222' ${image} ${checksum} user@host:/srv/`,
        `ssh user@host ls /srv/${image}`,
      ]);
      expect(commands.map(({ cwd }) => cwd)).to.deep.equal([files.directory, files.directory]);
    });

    it('runs the commands after the upload in their order, where the files are', async () => {
      const mark = (text: string) => ['sh', '-c', `echo ${text} "$1" >> "$2/done"; pwd`, 'sh', image, remote];
      const host = testHost();
      await upload(host, rsync({ postUploadCommands: [mark('first'), mark('second'), ['ls', image]] }), small);
      expect(await readFile(join(remote, 'done'), 'utf8')).to.equal(`first ${image}\nsecond ${image}\n`);
      expect(host.log.lines).to.include(`info: ${small.directory}`).and.include(`info: ${image}`);
    });

    it('names destination, command and exit code when rsync fails, and runs no command after it', async () => {
      const postUploadCommands = [['touch', join(remote, 'done')]];
      await expectFailure(
        upload(testHost(), rsync({ target: '/no/such/directory/', postUploadCommands }), files),
        /^Upload to upload-host1 failed: rsync demo.* \/no\/such\/directory\/ failed with exit code \d+:\n.*rsync: /s,
      );
      expect(await readdir(remote)).to.deep.equal([]);
    });

    it('names the destination when a command after the upload fails, and runs none after it', async () => {
      const postUploadCommands = [
        ['sh', '-c', 'echo no index; exit 4'],
        ['touch', join(remote, 'done')],
      ];
      await expectFailure(
        upload(testHost(), rsync({ postUploadCommands }), small),
        /^Post-upload command of upload-host1 failed: sh -c .* failed with exit code 4:\nno index$/,
      );
      await expectUploaded(small);
    });
  });
});

/** Random data with a hole in it, and its checksum, in a directory of their own. */
async function writeImage(directory: string, size: number): Promise<void> {
  await mkdir(directory);
  const file = await open(join(directory, image), 'w');
  for (const start of [0, 0.3, 0.75]) await file.write(randomBytes(size / 8), 0, null, Math.floor(start * size));
  await file.truncate(size);
  await file.close();
  await writeChecksum(join(directory, image), await sha256Of(testHost(), join(directory, image)));
}

function watched(
  progress: (this: void, now: Progress) => void,
  signal?: AbortSignal,
): Host & { log: { lines: string[] } } {
  const host = testHost(signal);
  return { ...host, log: { ...host.log, progress } };
}

/** Does something once, as soon as an upload has come so far. */
function atFraction<T>(wanted: number, action: () => Promise<T>) {
  let running: Promise<T> | undefined;
  return {
    progress: ({ fraction = 0 }: Progress) => {
      if (fraction >= wanted) running ??= action();
    },
    done: () => running,
  };
}

async function expectFailure(work: Promise<unknown>, message: RegExp, hint?: RegExp): Promise<Failure> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error, 'a failure was expected').to.be.instanceOf(Failure);
  expect((error as Failure).message).to.match(message);
  if (hint) expect((error as Failure).hint).to.match(hint);
  return error as Failure;
}

async function withEnvironment(changes: Record<string, string | undefined>, work: () => Promise<void>): Promise<void> {
  const restore = changeEnvironment(changes);
  try {
    await work();
  } finally {
    restore();
  }
}
