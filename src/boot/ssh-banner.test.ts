import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { expect } from 'chai';
import { whileCollecting } from '../../test/support/collecting.js';
import { TimeLimit } from '../host/time-limit.js';
import { sshBanner } from './ssh-banner.js';

describe('sshBanner', () => {
  const never = new AbortController().signal;
  let server: Server;
  afterEach(() => server.close());

  /** A port at which a server says this, and then hangs up. */
  async function saying(text: string): Promise<number> {
    server = createServer((socket) => socket.end(text)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  it('is the first line of an SSH server, behind what else it says', async () => {
    expect(await sshBanner(await saying('Welcome\r\nSSH-2.0-OpenSSH_9.2\r\n'), never)).to.equal('SSH-2.0-OpenSSH_9.2');
  });

  it('is not there if somebody else answers, or nobody', async () => {
    const port = await saying('220 mail.example.org ESMTP\r\n');
    expect(await sshBanner(port, never)).to.equal(undefined);
    server.close();
    await once(server, 'close');
    expect(await sshBanner(port, never)).to.equal(undefined);
  });

  it('is not waited for when the build ends', async () => {
    server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const ending = new TimeLimit(50);
    expect(await sshBanner((server.address() as AddressInfo).port, ending.signal)).to.equal(undefined);
  });

  it('is not waited for longer than its time, whatever is collected as garbage meanwhile', async () => {
    server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const script = `console.log(await sshBanner(${port}, new AbortController().signal, 500));`;
    expect(await whileCollecting({ sshBanner: 'src/boot/ssh-banner.ts' }, script)).to.equal('undefined');
  });
});
