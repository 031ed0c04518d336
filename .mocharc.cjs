// mocha adds the files of its command line to these: who names some wants only those.
const named = process.argv.slice(2).some((argument) => argument.endsWith('.test.ts'));

const all = [
  'src/**/*.test.ts',
  'sudo-helper/**/*.test.ts',
  'test/unit/**/*.test.ts',
  'test/integration/**/*.test.ts',
  'test/compat/**/*.test.ts',
];

module.exports = {
  'node-option': ['import=tsx'],
  ...(named ? {} : { spec: all }),
  reporter: 'test/reporter.cjs',
  // Wide enough for a machine that does much else: what waits, waits for an event.
  timeout: 180_000,
};
