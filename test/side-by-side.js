// side-by-side.js [SUITES]: runs the suites of tests that a module names (test/suites.cjs) at the same time, each by a
// mocha of its own. Each line says which suite it comes from. What failed comes at the end, where it is seen, however long
// the other suites go on; the last line is the closing line of test/reporter.cjs with the sums of all. `c8 node test/side-by-side.js` adds their coverage up.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const require = createRequire(import.meta.url);
const mocha = require.resolve('mocha/bin/mocha.js');
/** The closing line of test/reporter.cjs. */
const closing = /^(\d+) passed, (\d+) failed, (\d+) skipped$/;
/** Where mocha begins to tell what has failed. */
const failing = /^ +\d+ failing$/;
/** Milliseconds for which the output of a mocha that has ended may stay open. */
const grace = 10_000;

// The terminal sends it to every mocha as well, which then ends with what it has counted.
process.on('SIGINT', () => {});

const suites = Object.entries(require(process.argv[2] ?? './suites.cjs')).map(([name, spec]) => run(name, spec));
const ended = await Promise.all(suites);
const [passed, failed, skipped] = [0, 1, 2].map((place) => ended.reduce((sum, { counts }) => sum + counts[place], 0));
for (const line of ended.flatMap(({ failures }) => failures)) console.log(line);
const broken = ended.filter(({ complete }) => !complete);
for (const { name, how } of broken) console.log(`The suite '${name}' ended before its last test: ${how}`);
console.log(`${passed} passed, ${failed + broken.length} failed, ${skipped} skipped`);
process.exitCode = ended.every(({ good }) => good) && broken.length === 0 ? 0 : 1;

/** What a process writes to, as /proc names it: `pipe:[INODE]`; undefined once it has ended. */
function outputOf(pid, descriptor) {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}

/** The processes that have one of some outputs open. */
function holders(outputs) {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.flatMap((pid) => {
    try {
      const open = readdirSync(`/proc/${pid}/fd`).map((descriptor) => outputOf(pid, descriptor));
      if (!open.some((output) => output !== undefined && outputs.includes(output))) return [];
      return `${pid} (${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()})`;
    } catch {
      return [];
    }
  });
}

/** Runs one suite, and prints what it says but its closing line. */
async function run(name, spec) {
  const child = spawn(process.execPath, [mocha, ...spec], { stdio: ['ignore', 'pipe', 'pipe'] });
  const begun = performance.now();
  let counts;
  const failures = [];
  const print = (line) => {
    const found = closing.exec(line);
    const shown = `${name} | ${line}`.trimEnd();
    if (found) counts = found.slice(1).map(Number);
    else if (failing.test(line) || failures.length > 0) failures.push(shown);
    else console.log(shown);
  };
  for (const output of [child.stdout, child.stderr]) createInterface(output).on('line', print);
  const ends = [outputOf(child.pid, 1), outputOf(child.pid, 2)];
  const closed = once(child, 'close');
  const [code, signal] = await once(child, 'exit');
  // A process that a test left running may hold the output open: it is told, and not waited for.
  if (!(await Promise.race([closed.then(() => true), sleep(grace, false, { ref: false })]))) {
    console.log(
      `${name} | its output is still open in: ${holders(ends).join(', ') || 'a process that can not be seen'}`,
    );
    for (const output of [child.stdout, child.stderr]) output.destroy();
  }
  const seconds = Math.round((performance.now() - begun) / 1000);
  if (counts) console.log(`${name} | ${counts[0]} passed, ${counts[1]} failed, ${counts[2]} skipped in ${seconds} s`);
  return {
    name,
    good: code === 0,
    how: signal ?? `exit code ${code}`,
    complete: counts !== undefined,
    counts: counts ?? [0, 0, 0],
    failures,
  };
}
