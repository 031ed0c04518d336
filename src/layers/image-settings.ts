// What container images say beside their layers. Members have the names of the OCI image specification 1.1, config.md and
// manifest.md; images of docker use the same for the same.

/** How programs run in an image, and what its makers say of it. It is no part of the content of its layers. */
export interface ImageSettings {
  /** Env, Cmd, Entrypoint, User, WorkingDir, Labels, ExposedPorts, Volumes, StopSignal, Healthcheck …, as they are. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly author?: string;
  /** For trees without a program that tells it. */
  readonly architecture?: string;
  readonly variant?: string;
  /** Of the manifest. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * What is to be kept of an image's configuration and of its manifest, which others wrote: members of other types than the
 * specification's are left out.
 *
 * @returns undefined for an image that says nothing
 */
export function settingsOf(configuration: object, manifest: object = {}): ImageSettings | undefined {
  const { config, author, architecture, variant } = configuration as Record<string, unknown>;
  const { annotations } = manifest as Record<string, unknown>;
  const settings: ImageSettings = {
    ...(isObject(config) && Object.keys(config).length > 0 && { config }),
    ...(isWord(author) && { author }),
    ...(isWord(architecture) && { architecture }),
    ...(isWord(variant) && { variant }),
    ...(isObject(annotations) && { annotations: onlyWords(annotations) }),
  };
  return Object.keys(settings).length > 0 ? settings : undefined;
}

/** How a program is started in a tree of which no image says it: as in a login shell of the system. */
export function usualConfig(shell: boolean): Readonly<Record<string, unknown>> {
  return {
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    ...(shell && { Cmd: ['/bin/sh'] }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function onlyWords(values: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => isWord(entry[1])));
}
