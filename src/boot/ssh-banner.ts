import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/** How long a server may take to say who it is, in milliseconds. An emulated one that just starts is slow. */
const patience = 10_000;

/**
 * The first line of an SSH server on a port of the loopback interface, or undefined if nothing of the kind answers.
 * QEMU takes the connection in any case; what the guest makes of it shows afterwards.
 */
export async function sshBanner(port: number, signal: AbortSignal): Promise<string | undefined> {
  const socket = connect({ host: '127.0.0.1', port, signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]) });
  socket.on('error', () => undefined);
  try {
    // RFC 4253, 4.2: other lines may come before.
    for await (const line of createInterface({ input: socket })) if (line.startsWith('SSH-')) return line;
  } catch {
    // Refused, reset or out of patience: not yet.
  } finally {
    socket.destroy();
  }
  return undefined;
}
