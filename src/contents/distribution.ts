import { parse } from 'ini';

/** What an installed system says of itself in os-release(5). */
export interface Distribution {
  /** `debian`, `fedora`, `opensuse-leap`; `linux` where the system does not say. */
  readonly id: string;
  /** `13`, `40`, `15.6`; rolling releases have none. */
  readonly version?: string;
  /** `Debian GNU/Linux 13 (trixie)`. */
  readonly name: string;
}

export function parseOsRelease(text: string): Distribution {
  const release = parse(text) as Readonly<Record<string, string | undefined>>;
  const id = release.ID ?? 'linux';
  return {
    id,
    ...(release.VERSION_ID === undefined ? {} : { version: release.VERSION_ID }),
    name: release.PRETTY_NAME ?? release.NAME ?? id,
  };
}
