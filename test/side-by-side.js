// side-by-side.js [SUITES]: runs the suites of tests that a module names (test/suites.cjs) at the same time, each by a
// mocha of its own. Each line says which suite it comes from; the last one is the closing line of test/reporter.cjs with
// the sums of all. `c8 node test/side-by-side.js` adds their coverage up.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';

const require = createRequire(import.meta.url);
const mocha = require.resolve('mocha/bin/mocha.js');
/** The closing line of test/reporter.cjs. */
const closing = /^(\d+) passed, (\d+) failed, (\d+) skipped$/;

// The terminal sends it to every mocha as well, which then ends with what it has counted.
process.on('SIGINT', () => {});

const suites = Object.entries(require(process.argv[2] ?? './suites.cjs')).map(([name, spec]) => run(name, spec));
const ended = await Promise.all(suites);
const [passed, failed, skipped] = [0, 1, 2].map((place) => ended.reduce((sum, { counts }) => sum + counts[place], 0));
const broken = ended.filter(({ complete }) => !complete);
for (const { name, how } of broken) console.log(`The suite '${name}' ended before its last test: ${how}`);
console.log(`${passed} passed, ${failed + broken.length} failed, ${skipped} skipped`);
process.exitCode = ended.every(({ good }) => good) && broken.length === 0 ? 0 : 1;

/** Runs one suite, and prints what it says but its closing line. */
async function run(name, spec) {
  const child = spawn(process.execPath, [mocha, ...spec], { stdio: ['ignore', 'pipe', 'pipe'] });
  const begun = performance.now();
  let counts;
  const print = (line) => {
    const found = closing.exec(line);
    if (found) counts = found.slice(1).map(Number);
    else console.log(`${name} | ${line}`.trimEnd());
  };
  for (const output of [child.stdout, child.stderr]) createInterface(output).on('line', print);
  const [code, signal] = await once(child, 'close');
  const seconds = Math.round((performance.now() - begun) / 1000);
  if (counts) console.log(`${name} | ${counts[0]} passed, ${counts[1]} failed, ${counts[2]} skipped in ${seconds} s`);
  return {
    name,
    good: code === 0,
    how: signal ?? `exit code ${code}`,
    complete: counts !== undefined,
    counts: counts ?? [0, 0, 0],
  };
}
