/** Part of what is left, or bytes. */
export type Share = { readonly bytes: number } | { readonly percent: number };

/** diskimage-builder's units: with an `i` binary, without decimal. That also goes for the short ones. */
const bytesPer = new Map(
  Object.entries({
    TiB: 2 ** 40,
    GiB: 2 ** 30,
    MiB: 2 ** 20,
    KiB: 2 ** 10,
    TB: 1e12,
    GB: 1e9,
    MB: 1e6,
    KB: 1e3,
    T: 1e12,
    G: 1e9,
    M: 1e6,
    K: 1e3,
    B: 1,
    '': 1,
  }),
);

const sizeWanted = `a size such as '10GiB' (1024-based: KiB, MiB, GiB, TiB) or '10G' (1000-based: K, M, G, T, also KB, MB, GB, TB)`;

/**
 * A size in bytes. A unit alone is one of it.
 *
 * @throws Error that says what would be right
 */
export function parseSize(text: string): number {
  const [, digits = '', unit = ''] = /^([0-9]*\.?[0-9]*) ?([A-Za-z]*)$/.exec(text) ?? [];
  const factor = bytesPer.get(unit);
  if (`${digits}${unit}` === '' || digits === '.' || factor === undefined)
    throw new Error(sizeWanted + unitMeant(unit));
  const bytes = Math.trunc(factor * (digits === '' ? 1 : Number(digits)));
  if (bytes > Number.MAX_SAFE_INTEGER) throw new Error('a size below 8 PiB');
  return bytes;
}

/** Units count letter by letter: `gib` is none. */
function unitMeant(unit: string): string {
  const meant = [...bytesPer.keys()].find((known) => known.toLowerCase() === unit.toLowerCase());
  return meant === undefined || bytesPer.has(unit) ? '' : ` (did you mean '${meant}'?)`;
}

/**
 * A size in bytes, or a per cent of what is left at that place.
 *
 * @throws Error that says what would be right
 */
export function parseShare(text: string): Share {
  const [, number] = /^(.*?)\s*%$/.exec(text) ?? [];
  if (number === undefined) {
    try {
      return { bytes: parseSize(text) };
    } catch (error) {
      throw new Error(`${(error as Error).message}, or a per cent of what is left such as '50%'`);
    }
  }
  const percent = /^(?:[0-9]+\.?[0-9]*|\.[0-9]+)$/.test(number) ? Number(number) : NaN;
  if (!(percent > 0 && percent <= 100)) throw new Error("a per cent of what is left, above 0% and up to '100%'");
  return { percent };
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `1.5 GiB`, `3071 MiB`: in whole MiB or GiB where they are such, else cut to two digits after the point. */
export function shownSize(bytes: number): string {
  const largest = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), 5);
  const isShort = Number.isInteger((bytes / 1024 ** largest) * 4);
  const power = largest > 2 && !isShort && Number.isInteger(bytes / 1024 ** (largest - 1)) ? largest - 1 : largest;
  return `${Math.floor((bytes / 1024 ** power) * 100) / 100} ${units[power]}`;
}
