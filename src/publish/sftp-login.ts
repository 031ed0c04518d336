import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { AnyAuthMethod } from 'ssh2';
import { homeDirectory } from '../host/home-directory.js';
import { Failure } from '../host/failure.js';
import { command, run, type Command, type Caller, type Host } from '../host/host.js';
import type { SftpDestination } from '../config/destination.js';

/** One way to prove who we are. */
export interface Login {
  /** For messages; says nothing secret. */
  readonly what: string;
  methods(username: string): AnyAuthMethod[];
}

/**
 * The ways to log in, in the order in which they are tried. What the destination names is used and nothing else: its
 * key, then its password. Where it names nothing: the agent, then the user's default keys, as ssh does.
 *
 * @throws Failure when a key can't be used, the password's variable is not set, or no way is left
 */
export async function logins(
  host: Caller,
  { identity, passwordEnv }: Pick<SftpDestination, 'identity' | 'passwordEnv'>,
): Promise<Login[]> {
  const named = [
    ...(identity === undefined ? [] : [await key(host, identity)]),
    ...(passwordEnv === undefined ? [] : [password(passwordEnv)]),
  ];
  if (named.length > 0) return named;
  const found = [...(await agent(host)), ...(await defaultKeys(host))];
  if (found.length > 0) return found;
  throw new Failure('No way to log in: there is no ssh agent, and no key without passphrase in ~/.ssh', {
    hint: 'Set upload_identity or upload_password_env, or start an ssh agent and add a key with ssh-add.',
  });
}

async function key(host: Caller, file: string): Promise<Login> {
  const tried = await run(host, keyCheck(file), { accept: [0, 1, 255] });
  if (tried.exitCode !== 0) {
    if (tried.stderr.includes('incorrect passphrase')) {
      throw new Failure(`The key ${file} is encrypted, and its passphrase can't be asked for`, {
        hint: `Add it to an ssh agent (ssh-add ${file}) and leave upload_identity out, or use a key without passphrase.`,
      });
    }
    throw new Failure(`The key ${file} can't be used: ${tried.stderr.trim()}`);
  }
  const content = await readFile(file);
  return { what: `key ${file}`, methods: (username) => [{ type: 'publickey', username, key: content }] };
}

/** ssh-keygen says in words what is wrong with a key: missing, readable by others, encrypted, no key at all. */
export function keyCheck(file: string): Command {
  return command('ssh-keygen', ['-y', '-P', '', '-f', file]);
}

function password(variable: string): Login {
  const value = process.env[variable];
  if (!value) {
    throw new Failure(`The environment variable ${variable} (upload_password_env) is not set`);
  }
  return {
    what: `password from $${variable}`,
    methods: (username) => [
      { type: 'password', username, password: value },
      // Many servers ask for the password only in this way (PAM): one question whose answer is not shown.
      {
        type: 'keyboard-interactive',
        username,
        prompt: (_name, _instructions, _language, questions, answer) => answer(questions.map(() => value)),
      },
    ],
  };
}

async function agent(host: Pick<Host, 'log'>): Promise<Login[]> {
  const socket = process.env['SSH_AUTH_SOCK'];
  if (!socket) return [];
  const problem = await new Promise<Error | undefined>((resolve) => {
    const probe = connect(socket, () => resolve(void probe.destroy())).on('error', resolve);
  });
  if (problem) {
    host.log.debug(`The ssh agent at ${socket} does not answer: ${problem.message}`);
    return [];
  }
  return [{ what: 'ssh agent', methods: (username) => [{ type: 'agent', username, agent: socket }] }];
}

async function defaultKeys(host: Caller): Promise<Login[]> {
  const found: Login[] = [];
  const home = homeDirectory();
  if (home === undefined) return [];
  for (const name of ['id_ed25519', 'id_rsa', 'id_ecdsa']) {
    try {
      found.push(await key(host, join(home, '.ssh', name)));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      host.log.debug(error.message);
    }
  }
  return found;
}
