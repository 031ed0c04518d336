import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const root = join(import.meta.dirname, '../..');

/** Whether Node.js takes a package's files for CommonJS. */
function isCommonJs(name: string): boolean {
  const [directory = ''] = /^(?:@[^/]+\/)?[^/]+/.exec(name) ?? [];
  const manifest = readFileSync(join(root, 'node_modules', directory, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { readonly type?: string }).type !== 'module';
}

// What esbuild makes of such a module has no other export, if it is imported where it is used. Node.js gives it more, so
// the source works in a test, and the built program does not. Where the default export is another one in tests than in the
// built program, have a module of ours import the package, and import that one where it is used.
describe('packages in CommonJS that are imported where they are used', () => {
  it('are taken by their default export', () => {
    const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
    const imports = files
      .filter((file) => /\.ts$/.test(file) && !file.endsWith('.test.ts'))
      .flatMap((file) => [
        ...readFileSync(join(root, 'src', file), 'utf8').matchAll(
          /(?:const ([^=]+) = )?\(?await import\('([^.'][^']*)'\)\)?(\.\w+)?/g,
        ),
      ])
      .filter(([, , name = '']) => !name.startsWith('node:') && isCommonJs(name));
    expect(imports).to.have.length.greaterThan(4);
    const others = imports.filter(
      ([, names, , member]) => member !== '.default' && !/^\{\s*default:/.test(names ?? ''),
    );
    expect(others.map(([text]) => text)).to.deep.equal([]);
  });
});
