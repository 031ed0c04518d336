import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { TimeLimit } from '../host/time-limit.js';

/** How long a server may take to say who it is, in milliseconds. An emulated one that just starts is slow. */
const usualPatience = 10_000;

/**
 * The first line of an SSH server on a port of the loopback interface, or undefined if nothing of the kind answers.
 * QEMU takes the connection in any case; what the guest makes of it shows afterwards.
 *
 * @param patience milliseconds until a server that says nothing counts as none
 */
export async function sshBanner(
  port: number,
  signal: AbortSignal,
  patience = usualPatience,
): Promise<string | undefined> {
  const limit = new TimeLimit(patience, signal);
  if (limit.signal.aborted) return undefined;
  const socket = connect({ host: '127.0.0.1', port });
  const lines = createInterface({ input: socket });
  limit.signal.addEventListener('abort', () => {
    lines.close();
    socket.destroy();
  });
  // Refused or reset: not yet.
  socket.on('error', () => limit.end());
  try {
    // RFC 4253, 4.2: other lines may come before.
    for await (const line of lines) if (line.startsWith('SSH-')) return line;
    return undefined;
  } catch {
    return undefined;
  } finally {
    limit.end();
  }
}
