import { Configuration } from '../config/configuration.js';
import { defaultStoreDirectory, storeDirectory as chosen, storeVariable } from '../config/defaults.js';
import { directory } from '../config/option-types.js';
import { Failure, UsageError } from '../host/failure.js';
import { homeDirectory } from '../host/home-directory.js';
import { ReleaseStack } from '../host/release-stack.js';
import { openStore, type Store } from '../layers/store.js';
import { briefLog } from './brief-log.js';
import { namespaceHere, runInNamespace } from './namespace.js';
import { untilSignalled } from './signals.js';

/** The flags of every command that uses the store of layers. */
export interface StoreFlags {
  readonly config?: string;
  readonly storeDir?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/**
 * Runs a command on the store. An ordinary user's runs in a user namespace, where the files of a layer have the owners
 * that they are to have, and overlays can be mounted.
 */
export async function withStore(flags: StoreFlags, action: (store: Store) => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0 && namespaceHere() === undefined) return again('user', flags);
  const log = briefLog(flags);
  try {
    await untilSignalled(async (signal) => {
      const host = { log, signal, release: new ReleaseStack() };
      await host.release.after(log, async () => action(await openStore(host, storeDirectory(flags))));
    });
  } finally {
    log.close();
  }
}

/** The same, where everything that the action mounts is seen by its own processes only, and ends with them. */
export async function withPrivateStore(flags: StoreFlags, action: (store: Store) => Promise<void>): Promise<void> {
  if (namespaceHere() === undefined) return again(process.getuid?.() === 0 ? 'mounts' : 'user', flags);
  return withStore(flags, action);
}

/** The same, where what it mounts is seen by all. @throws Failure for an ordinary user, with what to type instead */
export async function withPublicStore(
  flags: StoreFlags,
  { what, instead }: { readonly what: string; readonly instead: string },
  action: (store: Store) => Promise<void>,
): Promise<void> {
  if (process.getuid?.() !== 0 || namespaceHere() !== undefined) {
    throw new Failure(`${what}: only root can mount for all to see`, { hint: `As this user: ${instead}` });
  }
  return withStore(flags, action);
}

async function again(namespace: 'user' | 'mounts', flags: StoreFlags): Promise<void> {
  process.exitCode = await runInNamespace(namespace, storeDirectory(flags));
}

/** `--store-dir`, the environment's, that of [DEFAULT], or the usual one. */
export function storeDirectory({ storeDir, config }: StoreFlags): string {
  const inEnvironment = process.env[storeVariable];
  // A relative name and `~` mean the same for the program that is started again.
  if (namespaceHere() !== undefined && inEnvironment !== undefined) return inEnvironment;
  return chosen(storeDir && directory.parse(storeDir), () => configured(config) ?? usualStore());
}

function configured(config: string | undefined): string | undefined {
  const defaults = Configuration.load(config).ownDefaults();
  const value = (defaults.get('store-dir') ?? defaults.get('store_dir'))?.value;
  return value && directory.parse(value);
}

function usualStore(): string {
  if (process.getuid?.() === 0 || homeDirectory() !== undefined) return defaultStoreDirectory();
  throw new UsageError(['this user has no home directory for the store of layers: set HOME, or --store-dir']);
}
