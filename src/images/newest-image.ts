import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The newest finished image of a name in a directory: by the date in its name; of one day, a qcow2 rather than the raw disk that it was made of. */
export function newestImage(place: string, image: string): string | undefined {
  const names = existsSync(place) && statSync(place).isDirectory() ? readdirSync(place) : [];
  const [newest] = names
    .filter(
      (name) =>
        name.startsWith(`${image}-`) &&
        /^\d{4}-\d{2}-\d{2}\.(qcow2|raw|tar|tar\.gz|tar\.zst)$/.test(name.slice(image.length + 1)),
    )
    .toSorted((one, other) =>
      dayOf(one) === dayOf(other) ? (one < other ? -1 : 1) : dayOf(one) < dayOf(other) ? 1 : -1,
    );
  return newest && join(place, newest);
}

const dayOf = (name: string) => name.replace(/(?:\.tar)?\.\w+$/, '');
