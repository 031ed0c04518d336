import { goOnWithoutReaders } from './closed-output.js';
import { commandFirst } from './command-first.js';
import { complain } from './explain.js';
import { program } from './program.js';

goOnWithoutReaders();

const root = program();
try {
  await root.parseAsync(commandFirst(root, process.argv.slice(2)), { from: 'user' });
} catch (error) {
  process.exitCode = complain(error);
}
