import { Failure } from '../host/failure.js';
import { command, run, type Command, type Caller } from '../host/host.js';
import type { Signing } from '../config/image-spec.js';

/** What ssh-keygen calls the purpose of a signature of a file; the verifier must give the same (ssh-keygen(1), -Y sign). */
export const sshNamespace = 'file';

/** Reads a text on standard input, writes its detached signature to standard output. */
export function signCommand({ by, key }: Signing, text = ''): Command {
  return by === 'gpg'
    ? command('gpg', ['--batch', '--quiet', '--armor', '--local-user', key, '--detach-sign', '--output', '-'], {
        input: text,
      })
    : command('ssh-keygen', ['-q', '-Y', 'sign', '-f', key, '-n', sshNamespace], {
        input: text,
        // Never asks for a passphrase: neither at the terminal nor with a window.
        env: { SSH_ASKPASS_REQUIRE: 'force', SSH_ASKPASS: '/bin/false' },
      });
}

/** Lists a secret key that gpg has; it fails where there is none. */
export function keyListCommand(key: string): Command {
  return command('gpg', ['--batch', '--quiet', '--list-secret-keys', '--', key]);
}

/**
 * @returns the detached signature of a text, in ASCII
 * @throws Failure if there is no such key, or it can't sign now: the agent is locked and can't ask for the passphrase
 */
export async function sign(host: Caller, signing: Signing, text: string): Promise<string> {
  try {
    return `${(await run(host, signCommand(signing, text))).stdout}\n`;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(`can't sign with the key ${signing.key}: ${error.message}`, {
      hint: error.hint ?? hints[signing.by],
      cause: error,
    });
  }
}

const hints = {
  gpg: "Check that 'gpg --list-secret-keys' lists the key, and that its agent has the passphrase or can ask for it: 'echo | gpg --sign --local-user KEY' unlocks it, and default-cache-ttl and max-cache-ttl in gpg-agent.conf say for how long.",
  ssh: "Check that the file is a private key without passphrase, or the public key of one that 'ssh-add -L' lists.",
} as const;
