// The two suites of `make check`, which run at the same time.
module.exports = {
  // Files, processes, namespaces, ports, and machines without a system of their own: they disturb no one, and nothing
  // disturbs them.
  code: [
    'src/**/*.test.ts',
    'test/unit/**/*.test.ts',
    'test/compat/**/*.test.ts',
    'test/integration/**/*.test.ts',
    // In a mount namespace with a /run, /tmp and /etc of its own.
    'sudo-helper/attack/**/*.test.ts',
  ],
  // Virtual machines with a system, and the sudo helper in the machine's own /run: these look at the whole machine, or take
  // much of it, so one after another.
  machine: ['sudo-helper/*.test.ts', 'test/machine/**/*.test.ts'],
};
