import { commandFirst } from './command-first.js';
import { complain } from './explain.js';
import { program } from './program.js';

// `image-factory list | head`: whoever does not want to hear more is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const root = program();
try {
  await root.parseAsync(commandFirst(root, process.argv.slice(2)), { from: 'user' });
} catch (error) {
  process.exitCode = complain(error);
}
