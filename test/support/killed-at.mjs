// Loaded before the program: it kills itself before the Nth call that gives a file of some place its name, or takes it.
// KILLED_AT=N:PLACE
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const [, nth, place] = /^(\d+):(.*)$/.exec(process.env.KILLED_AT ?? '') ?? [];
let calls = 0;
for (const name of ['rename', 'link', 'rm']) {
  const original = fs[name];
  fs[name] = (...args) => {
    const isThere = args.some((path) => typeof path === 'string' && path.includes(place));
    if (place !== undefined && isThere && ++calls === Number(nth)) process.kill(process.pid, 'SIGKILL');
    return original(...args);
  };
}
// The names that modules have imported follow (module, "syncBuiltinESMExports").
syncBuiltinESMExports();
