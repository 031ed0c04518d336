import { setTimeout as sleep } from 'node:timers/promises';
import { quote } from 'shlex';
import type { BootTest } from '../config/option-types.js';
import { run, type Host } from '../host/host.js';
import type { Guest } from './guest.js';
import { AgentSilent } from './guest-commands.js';
import { health } from './health.js';
import { loginPrompt } from './login-prompt.js';

/** What a machine must show as proof that it has booted. */
export type Demand = Exclude<BootTest, { kind: 'off' }>;

/** One look at the guest: what was seen of that which was asked for, if it was. */
type Look = (guest: Guest, host: Host) => Promise<string | undefined>;

export interface Proof {
  /** What is waited for, for people. */
  readonly what: string;
  readonly look: Look;
  /** What was seen last that was not enough, for the message. */
  readonly nearMiss: () => string | undefined;
}

/** How long to wait after a look, in milliseconds. */
const lookInterval = 1000;

/**
 * How long a serial console that is in use may still take to show its prompt when a login is possible elsewhere, in
 * milliseconds.
 */
const promptPatience = 30_000;

/** Looks until what is asked for was seen; undefined when the host's signal ends it. */
export async function prove(host: Host, guest: Guest, proof: Proof): Promise<string | undefined> {
  while (!host.signal.aborted) {
    try {
      const seen = await proof.look(guest, host);
      if (seen !== undefined) return seen;
    } catch (error) {
      if (!host.signal.aborted) throw error;
    }
    await sleep(lookInterval, undefined, { signal: host.signal }).catch(() => undefined);
  }
  return undefined;
}

export function proofOf(demand: Demand): Proof {
  switch (demand.kind) {
    case 'login':
      return { what: 'a login prompt', look: login(), nearMiss: () => undefined };
    case 'ssh':
      return { what: "an SSH server on the guest's port 22", look: ssh, nearMiss: () => undefined };
    case 'agent':
      return { what: 'qemu-guest-agent', look: agent, nearMiss: () => undefined };
    case 'healthy':
      return healthProof();
    case 'command':
      return commandProof(demand.words);
  }
}

/** The line `SSH-2.0-…` that an SSH server begins with. */
const ssh: Look = async (guest, { signal }) => {
  const banner = await guest.sshBanner(signal);
  return banner && `the SSH server says ${banner}`;
};

const agent: Look = async (guest) => ((await guest.agentAnswers()) ? 'qemu-guest-agent answers' : undefined);

/** The agent comes up before the last units, so what it can't be asked yet is asked again. */
function healthProof(): Proof {
  let nearMiss = 'qemu-guest-agent has not answered; is it in the image, and does it start?';
  return {
    what: 'a system that has come up without a failed unit',
    nearMiss: () => nearMiss,
    async look(guest) {
      if (!(await guest.agentAnswers())) return undefined;
      nearMiss = 'qemu-guest-agent answers, but the system is still starting';
      const state = await health(guest.commands).catch((error: unknown) => {
        if (error instanceof AgentSilent) return undefined;
        throw error;
      });
      return state && `systemctl is-system-running says '${state}'`;
    },
  };
}

/**
 * A prompt on the serial console or on a screen in text mode. Images that have neither can still be logged in to: an
 * SSH server counts, once the serial console had its time.
 */
function login(): Look {
  let elsewhere: { readonly what: string; readonly since: number } | undefined;
  return async (guest, host) => {
    const prompt = loginPrompt(guest.lines());
    if (prompt !== undefined) return `the console says '${prompt}'`;
    if (elsewhere === undefined) {
      const what = await ssh(guest, host);
      if (what !== undefined) elsewhere = { what, since: performance.now() };
    }
    if (elsewhere === undefined) return undefined;
    const patience = guest.serialSpoke ? promptPatience : 0;
    return performance.now() - elsewhere.since >= patience
      ? `no console shows a prompt, but ${elsewhere.what}`
      : undefined;
  };
}

/** Every exit code that a program can end with. */
const anyExitCode = Array.from({ length: 256 }, (_, code) => code);

/** The user's command, called again and again until it is content. `%h` and `%p` in it lead to the guest's ssh port. */
function commandProof(words: readonly string[]): Proof {
  let nearMiss: string | undefined;
  return {
    what: `${words.map(quote).join(' ')} to succeed`,
    nearMiss: () => nearMiss,
    async look(guest, host) {
      const [file = '', ...args] = expandTokens(words, { h: '127.0.0.1', p: String(await guest.sshPort()) });
      const { exitCode, stdout, stderr } = await run(host, { file, args }, { accept: anyExitCode });
      const said = `${stdout}\n${stderr}`.trim();
      if (exitCode === 0) return `the command succeeded${said ? `: ${said}` : ''}`;
      nearMiss = `it failed with exit code ${exitCode}${said ? `: ${said}` : ''}`;
      return undefined;
    },
  };
}

/** As in ssh_config(5): `%h`, `%p`, and `%%` for a percent sign; any other stays as it is. */
export function expandTokens(words: readonly string[], tokens: Readonly<Record<string, string>>): string[] {
  return words.map((word) =>
    word.replace(/%(.)/g, (all, token: string) => (token === '%' ? '%' : (tokens[token] ?? all))),
  );
}
