import type { Agent as HttpsAgent } from 'node:https';
import type { Agents, Got } from 'got';
import type { ProxyAgent } from 'proxy-agent';
import { maskUrls } from '../host/mask.js';
import type { NetbootSource } from './netboot-source.js';

/** How long to wait for a server, and how often to try. All times in milliseconds. */
export interface Patience {
  /** For a name, a connection and a TLS handshake, each. */
  readonly connectMs: number;
  /** Without a single byte, before an answer and in the middle of a body. */
  readonly stallMs: number;
  readonly attempts: number;
  /** Before the second attempt; doubled for every further one. */
  readonly firstPauseMs: number;
  /** However long the server asks for in Retry-After. */
  readonly longestPauseMs: number;
}

export const defaultPatience: Patience = {
  connectMs: 15_000,
  stallMs: 30_000,
  attempts: 6,
  firstPauseMs: 1000,
  longestPauseMs: 60_000,
};

const MAX_REDIRECTS = 5;

/** A client that asks once, by the proxies of the environment, and takes every answer for one. */
export async function httpClient(
  signal: AbortSignal,
  { connectMs, stallMs }: Pick<Patience, 'connectMs' | 'stallMs'>,
  { onlyByTls = false }: Pick<NetbootSource, 'onlyByTls'> = {},
): Promise<Got> {
  const { got } = await import('got');
  return got.extend({
    agent: await proxyAgents(),
    // Kernels and initrds are stored as they are, packed ones too.
    decompress: false,
    headers: { 'user-agent': 'image-factory', 'accept-encoding': 'identity' },
    maxRedirects: MAX_REDIRECTS,
    hooks: { beforeRedirect: onlyByTls ? [refuseToLeaveTls] : [] },
    retry: { limit: 0 },
    signal,
    throwHttpErrors: false,
    timeout: {
      lookup: connectMs,
      connect: connectMs,
      secureConnect: connectMs,
      response: stallMs,
      socket: stallMs,
    },
  });
}

function refuseToLeaveTls({ url }: { url?: string | URL | undefined }): void {
  if (url && new URL(url).protocol !== 'https:') {
    throw new Error(maskUrls(`it is redirected to ${String(url)}: only https: vouches for a list without a signature`));
  }
}

/** What http_proxy, https_proxy, all_proxy and no_proxy ask for, in small or capital letters. */
async function proxyAgents(): Promise<Agents> {
  const agent = await proxyAgent();
  return agent === undefined ? {} : { http: agent, https: agent as unknown as HttpsAgent };
}

/** The proxy by which a URL is asked for, as messages may name it; undefined without one. */
export async function proxyFor(url: string): Promise<string | undefined> {
  // The environment is asked, and not the request.
  const proxy = await (await proxyAgent())?.getProxyForUrl(url, undefined as never);
  return proxy === undefined || proxy === '' ? undefined : maskUrls(proxy);
}

/** Why a server could not be asked, naming the proxy that was asked instead. */
export function viaProxy(why: string, proxy: string | undefined): string {
  return proxy === undefined ? why : `${why}; the proxy ${proxy} of the environment was asked`;
}

async function proxyAgent(): Promise<ProxyAgent | undefined> {
  const set = ['http_proxy', 'https_proxy', 'all_proxy'].some(
    (name) => process.env[name] ?? process.env[name.toUpperCase()],
  );
  return set ? (await import('./proxy-agent.js')).proxyAgentOfEnvironment() : undefined;
}
