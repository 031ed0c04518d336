const suites = require('./test/suites.cjs');

// mocha adds the files of its command line to these: who names some wants only those.
const named = process.argv.slice(2).some((argument) => argument.endsWith('.test.ts'));

module.exports = {
  'node-option': ['import=tsx'],
  ...(named ? {} : { spec: Object.values(suites).flat() }),
  reporter: 'test/reporter.cjs',
  // Wide enough for a machine that does much else: what waits, waits for an event.
  timeout: 600_000,
  // What a test leaves open must not keep the run from its end.
  exit: true,
};
