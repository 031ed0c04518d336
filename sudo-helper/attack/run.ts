/**
 * Attacks a helper, and prints what came of it as JSON. Run as root in a mount namespace of its own:
 * `unshare --mount --propagation private node --import tsx run.ts < order.json`
 */
import { readFileSync } from 'node:fs';
import { call, type Called } from '../../test/support/sudo-helper.js';
import { corpus, withExtentsOfTheirOwn, type Extent, type Kind } from './corpus.js';
import { languages, type LanguageName } from './language.js';
import { Machine } from './machine.js';
import { randomNumbers } from './random.js';

export interface Order {
  /** The helper itself. */
  readonly text: string;
  /** As its manual page has it. */
  readonly sudoersLine: string;
  readonly language: LanguageName;
  readonly kinds: readonly Kind[];
  readonly extent: Extent;
  readonly until: 'the end' | 'the first escape';
  /** A directory on which the parent process has mounted something, in its own mount namespace. */
  readonly mountOfOthers?: string;
}

export interface Outcome {
  readonly kind: Kind;
  readonly tries: number;
  /** Tries that were no refusal or failure: the helper did something. */
  readonly served: number;
  readonly escapes: number;
  /** What the first escape was. */
  readonly example?: string;
  readonly milliseconds: number;
}

/** What the canaries said to a deed that they must notice. */
export interface Noticed {
  readonly deed: string;
  readonly escapes: readonly string[];
}

export interface Result {
  readonly outcomes: readonly Outcome[];
  readonly noticed: readonly Noticed[];
}

function attack(machine: Machine, { language, extent, until }: Order, kind: Kind): Outcome {
  const means = {
    machine,
    ...extent,
    language: languages[language](machine),
    all: Object.values(languages).map((words) => words(machine)),
  };
  const begin = Date.now();
  let tries = 0;
  let served = 0;
  let escapes = 0;
  let example: string | undefined;
  const random = randomNumbers(extent.seed);
  const isSampled = !withExtentsOfTheirOwn.includes(kind);
  for (const once of corpus[kind](means)) {
    if (isSampled && random(extent.oneIn) !== 0) continue;
    tries++;
    const calls = once();
    if (calls[0]?.status === 0) served++;
    const seen = machine.escapes(...calls);
    if (seen.length > 0) escapes++;
    example ??= seen[0];
    if (until === 'the first escape' && escapes > 0) break;
  }
  return {
    kind,
    tries,
    served,
    escapes,
    ...(example === undefined ? {} : { example }),
    milliseconds: Date.now() - begin,
  };
}

/** Does as root what no helper may do for the attacker. */
function selfTest(machine: Machine, mountOfOthers: string): Noticed[] {
  const outside = ['--mount', '--target', String(process.ppid)];
  const { tree, secretFile, marker, mounted, foreign, foreignLoop } = machine;
  const deeds: Record<string, () => Called> = {
    nothing: () => call('true', []),
    'others remove a mount of their own': () =>
      call('nsenter', [...outside, 'sh', '-c', `umount ${mountOfOthers} && rmdir ${mountOfOthers}`]),
    "a file of root's is made": () => call('touch', [`${tree}/new`]),
    "a file of root's is changed": () => call('sh', ['-c', `echo x >> ${secretFile}`]),
    "a file of root's is removed": () => call('rm', [`${tree}/root/anaconda-ks.cfg`]),
    'a mode is changed': () => call('chmod', ['o+r', secretFile]),
    'an owner is changed': () => call('chown', ['1', tree]),
    'a secret is printed': () => call('cat', [secretFile]),
    'a command runs as root': () => call('touch', [`${marker}/ran`]),
    'a mount comes': () => call('mount', ['-t', 'tmpfs', 'tmpfs', tree]),
    'a mount goes': () => call('umount', [mounted]),
    "an image of root's is written": () => call('sh', ['-c', `printf x | dd of=${foreign} conv=notrunc`]),
    'a loop device comes': () => call('losetup', ['--find', foreign]),
    'a loop device goes': () => call('losetup', ['--detach', foreignLoop]),
  };
  return Object.entries(deeds).map(([deed, act]) => ({ deed, escapes: machine.escapes(act()) }));
}

const order = JSON.parse(readFileSync(0, 'utf8')) as Order;
const machine = new Machine(order.text, order.sudoersLine);
try {
  const outcomes = order.kinds.map((kind) => attack(machine, order, kind));
  const { mountOfOthers } = order;
  const result: Result = { outcomes, noticed: mountOfOthers === undefined ? [] : selfTest(machine, mountOfOthers) };
  process.stdout.write(JSON.stringify(result));
} finally {
  machine.remove();
}
