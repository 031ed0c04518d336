import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { changeEnvironment, recordedLog } from '../../test/support/host.js';
import { testPlan, type TestPlan } from '../../test/support/plan.js';
import { programsOf } from '../engine/recipe.js';
import { buildRecipe } from '../images/recipes.js';
import { checkPrograms } from './image-check.js';

describe('checkPrograms', () => {
  let test: TestPlan;
  afterEach(() => test.remove());

  /** What is logged, or thrown, on a machine that has only these programs. */
  function checked(programs: (all: readonly string[]) => readonly string[], lines = ''): string {
    test = testPlan(lines);
    const bin = join(test.directory, 'bin');
    mkdirSync(bin);
    for (const name of programs(programsOf(buildRecipe(test.plan))))
      writeFileSync(join(bin, name), '', { mode: 0o755 });
    const restore = changeEnvironment({ PATH: bin });
    const log = recordedLog();
    try {
      checkPrograms(test.plan, log);
      return log.lines.join('\n');
    } catch (error) {
      return (error as Error).message;
    } finally {
      restore();
    }
  }

  it('names every program that is missing before a build begins', () => {
    expect(checked((all) => all.filter((name) => name !== 'virt-install'))).to.equal('not installed: virt-install');
  });

  it('says nothing where all are there', () => {
    expect(checked((all) => all)).to.equal('');
  });

  it('warns where the packages of the image can not be listed, if anything shall name them', () => {
    const kickstart = 'kickstart = web.ks';
    expect(checked((all) => all, kickstart)).to.match(
      /rpm is not installed, so manifest and SBOM will name no packages/,
    );
    test.remove();
    expect(checked((all) => all, `${kickstart}\nmanifest = no\nsbom = no`)).to.equal('');
  });
});
