/** Numbers from 0 to less than `below`, the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A list of arguments: words at random, or a good list that was spoilt in one to three places. */
export function randomList(
  random: (below: number) => number,
  words: readonly string[],
  good: readonly (readonly string[])[],
): string[] {
  const one = <T>(of: readonly T[]): T => of[random(of.length)]!;
  const bytes = () => String.fromCharCode(...Array.from({ length: 1 + random(40) }, () => random(256)));
  if (random(3) === 0) return Array.from({ length: random(8) }, () => (random(4) === 0 ? bytes() : one(words)));
  const list = [...one(good)];
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(list.length + 1);
    const word = list[at] ?? '';
    const cut = random(word.length + 1);
    const spoil = [
      () => list.splice(at, 1, one(words)),
      () => list.splice(at, 0, one(words)),
      () => list.splice(at, 1),
      () => list.splice(at, 1, word.slice(0, cut) + one(words) + word.slice(cut)),
      () => list.splice(at, 1, word.slice(0, cut) + bytes() + word.slice(cut)),
      () => list.splice(at, 1, word.slice(0, cut)),
      () => list.splice(at, 2, `${word} ${list[at + 1] ?? ''}`),
    ];
    one(spoil)();
  }
  return list;
}
