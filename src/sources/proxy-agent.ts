import { ProxyAgent } from 'proxy-agent';

// Load this module only where a proxy is asked for: the package brings 1.7 MB of code with it.

/** An agent for got, which reads the proxies of the environment at each request. */
export const proxyAgentOfEnvironment = (): ProxyAgent => new ProxyAgent();
