import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const read = (file: string) => readFileSync(join(import.meta.dirname, '../..', file), 'utf8');

describe('docs/architecture.md', () => {
  const section = /^## Packages\n(.*?)^## /ms.exec(read('docs/architecture.md'))![1]!;
  const [running, development] = section
    .split('For development')
    .map((part) =>
      [...part.matchAll(/^\| (?!package |---)([^|]+) \| [^|]+ \|$/gm)].flatMap(([, names]) => names!.split(', ')),
    );

  it('names every package that is used, and why', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, object>;
    expect(running).to.have.members(Object.keys(dependencies!));
    expect(development).to.have.members(Object.keys(devDependencies!));
  });

  it('counts the packages that run', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { dev?: boolean }> };
    const installed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev);
    expect(section).to.contain(
      `${running!.length} packages run, ${installed.length} with all that they need themselves`,
    );
  });
});
