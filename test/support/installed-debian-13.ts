import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** An installed Debian 13 that boots by both firmwares: the one named, or what the tests of installations left. Without one, tests are skipped. */
export function needInstalledDebian13(context: Mocha.Context): string {
  const found = installed();
  if (found !== undefined) return found;
  console.log(
    '    There is no installed Debian 13: run test/e2e/debian.test.ts first, or name one in IMAGE_FACTORY_DEBIAN_13',
  );
  return context.skip();
}

function installed(): string | undefined {
  const results = join(root, 'build/e2e');
  const left = (existsSync(results) ? readdirSync(results) : [])
    .filter((name) => name.startsWith('debian-13'))
    .flatMap((name) => readdirSync(join(results, name)).map((file) => join(results, name, file)))
    .filter((file) => /\/debian-13-[\d-]+\.qcow2$/.test(file));
  return [process.env.IMAGE_FACTORY_DEBIAN_13, ...left].find((file) => file !== undefined && existsSync(file));
}
