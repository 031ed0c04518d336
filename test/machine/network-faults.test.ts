import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { baseNameIn } from '../support/demo-image.js';
import { installedDemo, type InstalledDemo } from '../support/demo-user.js';
import { faultTable as table } from '../support/fault-table.js';
import { startSshd } from '../support/sshd.js';

const minutes = 60_000;

/** Waiting until a transfer is given up takes minutes. */
const everything = process.env.IMAGE_FACTORY_FAULTS === 'all';

type Answer = (body: Buffer, request: http.IncomingMessage, response: http.ServerResponse) => void;

const whole: Answer = (body, _, response) => void response.writeHead(200, { 'content-length': body.length }).end(body);

describe('a build whose mirror', function () {
  this.timeout(8 * minutes);
  let demo: InstalledDemo;
  let kernel: Buffer;
  let initrd: Buffer;
  let answer: Answer = whole;
  let server: http.Server;
  let config: string;

  before(async () => {
    demo = await installedDemo();
    const { stdout } = await demo.user.run(['show', 'demo', '--json']);
    const section = (JSON.parse(stdout) as Record<string, Record<string, string>>).demo ?? {};
    kernel = readFileSync(section.linux ?? '');
    initrd = readFileSync(section.initrd ?? '');
    server = http.createServer((request, response) => {
      if (request.url === '/linux') whole(kernel, request, response);
      else answer(initrd, request, response);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    config = await demo.user.likeDemo('demo-http', {
      linux: `${url}/linux`,
      initrd: `${url}/initrd.gz`,
      'initrd-sha256': (await execa('sha256sum', [section.initrd ?? ''])).stdout.split(' ')[0] ?? '',
      'boot-test': 'off',
    });
  });

  after(() => {
    server?.closeAllConnections();
    server?.close();
  });

  const broken: Record<string, { answer: Answer; message: RegExp; slow?: true }> = {
    'answers 404': { answer: (_, __, response) => void response.writeHead(404).end(), message: /404/ },
    'answers 500': { answer: (_, __, response) => void response.writeHead(500).end(), message: /500/, slow: true },
    'sends half a body': {
      answer: (body, _, response) => {
        response.writeHead(200, { 'content-length': body.length, 'accept-ranges': 'none' });
        response.write(body.subarray(0, body.length / 2), () => response.destroy());
      },
      message: /initrd: cannot fetch/,
      slow: true,
    },
    'sends half a body, and then nothing': {
      answer: (body, _, response) => {
        response.writeHead(200, { 'content-length': body.length, 'accept-ranges': 'none' });
        response.write(body.subarray(0, body.length / 2));
      },
      message: /initrd: cannot fetch/,
      slow: true,
    },
    "tells a length that is not the file's": {
      answer: (body, _, response) => {
        const short = body.subarray(0, body.length - 1000);
        response.writeHead(200, { 'content-length': short.length }).end(short);
      },
      message: /initrd-sha256/,
    },
    'redirects in a circle': {
      answer: (_, __, response) => void response.writeHead(302, { location: '/initrd.gz' }).end(),
      message: /redirect/i,
    },
  };
  for (const [what, fault] of Object.entries(broken)) {
    it(`${what} ends before the virtual machine starts, and the next one succeeds`, async function () {
      if (fault.slow && !everything) {
        console.log('        skipped: it takes minutes; run: make check-e2e');
        this.skip();
      }
      const { user, program } = demo;
      const output = user.directory(`network-${what.replaceAll(/\W+/g, '-')}`);
      const args = ['demo-http', '--config', config, '-o', output, '-c', join(output, 'cache')];
      answer = fault.answer;
      const { exitCode, all } = await user.run(args, program);
      expect(exitCode, all).to.equal(1);
      expect(all).to.match(fault.message);
      expect(await user.leftovers(output)).to.deep.equal([]);
      answer = whole;
      const next = await user.run(args, program);
      expect(next.exitCode, next.all).to.equal(0);
      expect(await user.leftovers(output)).to.deep.equal([]);
      const said =
        all
          .split('\n')
          .find((line) => / ERROR: /.test(line))
          ?.replace(/.* ERROR: /, '') ?? '';
      table.add(`mirror ${what}`, 'fetch', `exit code 1, '${said}', nothing left, the next run succeeds`);
    });
  }
});

describe('a build whose sshd', function () {
  this.timeout(4 * minutes);

  it('dies in the middle of the upload fails, and uploads when it is resumed', async () => {
    const { user, program } = await installedDemo();
    const output = user.directory('network-sshd');
    const config = join(user.home, 'network-sshd.conf');
    const start = async () => {
      const sshd = await startSshd();
      const identity = join(user.home, `identity-${sshd.port}`);
      const known = join(user.home, `known-hosts-${sshd.port}`);
      copyFileSync(sshd.identity, identity);
      copyFileSync(sshd.knownHosts, known);
      const owner = (await execa('stat', ['-c', '%u:%g', user.home])).stdout;
      await execa('chown', [owner, identity, known]);
      const section = await user.likeDemo('demo-sshd', { upload_destinations: 'server', 'boot-test': 'off' });
      const { username } = (await import('node:os')).userInfo();
      writeFileSync(
        config,
        `${readFileSync(section, 'utf8')}
[server]
upload_type = sftp
upload_target = ${username}@127.0.0.1:${sshd.directory}/
upload_port = ${sshd.port}
upload_identity = ${identity}
upload_known_hosts = ${known}
`,
      );
      return sshd;
    };
    const args = ['demo-sshd', '--config', config, '-o', output];

    const dying = await start();
    let stopped: Promise<void> | undefined;
    const build = user.start(args, program);
    build.at(
      ({ event, text }) => event === 'progress' && /upload/i.test(text ?? ''),
      () => void (stopped = dying.stop()),
    );
    const ended = await build.ended();
    await (stopped ?? dying.stop());
    const error = build.events.findLast(({ level }) => level === 'error')?.message ?? build.said;
    expect(ended, error).to.equal(1);
    expect(stopped, 'sshd was there when the upload began').not.to.equal(undefined);
    expect(error).to.match(/^upload: /);
    const base = baseNameIn(output, 'demo-sshd');
    expect(await user.leftovers(output)).to.deep.equal([`.${base}.build`]);

    const living = await start();
    try {
      const { exitCode, all } = await user.run([...args, '--resume'], program);
      expect(exitCode, all).to.equal(0);
      expect(all).to.match(/at stage 'upload'/);
      expect(existsSync(join(living.directory, `${base}.qcow2`))).to.equal(true);
      await execa('sha256sum', ['-c', `${base}.qcow2.sha256sum`], { cwd: living.directory });
      expect(await user.leftovers(output)).to.deep.equal([]);
    } finally {
      await living.stop();
    }
    table.add('sshd dies', 'upload', `exit code 1, '${error.split('\n')[0]}', --resume uploads`);
  });
});
