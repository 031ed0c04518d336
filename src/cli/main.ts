import { explain } from './explain.js';
import { maskUrls } from '../host/mask.js';
import { visible } from '../report/visible.js';
import { program } from './program.js';

// `image-factory list | head`: whoever does not want to hear more is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await program().parseAsync();
} catch (error) {
  process.exitCode = explain(error, (message) => console.error(`image-factory: ${visible(maskUrls(message))}`));
}
