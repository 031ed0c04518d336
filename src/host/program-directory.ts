import { fileURLToPath } from 'node:url';

/** Where the program lies, and with it `configs/`, `templates/`, `demo/` and `sudo-helper/`. */
export const programDirectory = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
