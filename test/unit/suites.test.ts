import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect } from 'chai';
import { programDirectory } from '../../src/host/program-directory.js';

describe('the suite whose tests disturb no one', () => {
  it('has none that boots a system in a virtual machine, or calls sudo but in namespaces of its own', () => {
    const { code } = createRequire(import.meta.url)('../suites.cjs') as { readonly code: readonly string[] };
    const attacked = 'sudo-helper/attack/**/*.test.ts';
    const files = code
      .filter((pattern) => pattern !== attacked)
      .flatMap((pattern) => {
        const directory = pattern.replace('/**/*.test.ts', '');
        const names = readdirSync(join(programDirectory, directory), { recursive: true }) as string[];
        return names.filter((name) => name.endsWith('.test.ts')).map((name) => join(directory, name));
      });
    expect(files).to.have.length.above(100);
    const machine = /support\/(demo-user|sudo-helper|serial-console)\.js/;
    const others = files.filter((file) => machine.test(readFileSync(join(programDirectory, file), 'utf8')));
    expect(others, 'belong to test/machine').to.deep.equal([]);
  });
});
