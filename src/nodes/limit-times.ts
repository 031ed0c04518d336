import { lstatSync, lutimesSync, readdirSync } from 'node:fs';

/** Lets no time in a tree be later than that: seconds since 1970. Names need not be UTF-8. */
export function limitTimes(tree: string, latest: number): void {
  limitBelow(Buffer.from(tree), latest);
}

function limitBelow(directory: Buffer, latest: number): void {
  for (const entry of readdirSync(directory, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([directory, slash, entry.name]);
    if (entry.isDirectory()) limitBelow(path, latest);
    else limitTime(path, latest);
  }
  limitTime(directory, latest);
}

const slash = Buffer.from('/');

function limitTime(path: Buffer, latest: number): void {
  if (lstatSync(path).mtimeMs > latest * 1000) lutimesSync(path, latest, latest);
}
