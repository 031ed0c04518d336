import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { UsageError } from '../../src/host/failure.js';
import { readElements } from '../../src/elements/element.js';
import { elementPathOf } from '../../src/elements/element-path.js';
import { mergeHooks, hooksOf } from '../../src/elements/merge.js';
import { phaseNames } from '../../src/elements/phases.js';
import { resolveElements } from '../../src/elements/resolve.js';
import { packageEntries, squash } from '../../src/elements/squash.js';
import { trapsIn } from '../../src/elements/traps.js';
import { unpackedBuilderOrSkip, type UnpackedBuilder } from '../support/diskimage-builder.js';

/** Everything here is compared with what diskimage-builder's own code says of its own elements. */
describe("diskimage-builder's elements", function () {
  this.timeout(600_000);
  let builder: UnpackedBuilder | undefined;
  before(async function () {
    builder = await unpackedBuilderOrSkip(this);
  });
  after(() => builder?.remove());

  const path = () => elementPathOf([builder!.elements]);

  /** What its own Python says, as JSON. */
  async function ask(script: string, input: unknown, env: Record<string, string> = {}): Promise<unknown> {
    const { stdout } = await execa('python3', ['-c', script], {
      input: JSON.stringify(input),
      env: { PYTHONPATH: builder!.python, PYTHONDONTWRITEBYTECODE: '1', ...env },
    });
    return JSON.parse(stdout);
  }

  it('bring the scripts that run their hooks', () => {
    expect(path().builder?.lib).to.equal(join(builder!.elements, '../lib'));
  });

  it('are resolved as its own resolver does', async () => {
    const known = readElements(path());
    const systems = ['debian-minimal', 'ubuntu-minimal', 'fedora-minimal', 'gentoo'];
    const asked = [...known.keys()].flatMap((name) => [
      [name],
      ...systems.filter((system) => system !== name).map((system) => [system, name]),
    ]);
    const theirs = await ask(
      `import json, logging, sys
logging.disable(logging.CRITICAL)
from diskimage_builder import element_dependencies as d
known = d._find_all_elements(${JSON.stringify(builder!.elements)})
def of(asked):
    try:
        return sorted(e.name for e in d._expand_element_dependencies(asked, known))
    except Exception as error:
        return type(error).__name__
json.dump([of(a) for a in json.load(sys.stdin)], sys.stdout)`,
      asked,
    );
    const ours = asked.map((each) => {
      try {
        return resolveElements(each, known, [])
          .elements.map(({ name }) => name)
          .sort();
      } catch (error) {
        if (error instanceof UsageError) return 'refused';
        throw error;
      }
    });
    const told = (theirs as (string[] | string)[]).map((each) => (typeof each === 'string' ? 'refused' : each));
    asked.forEach((each, at) => expect(ours[at], each.join(' ')).to.deep.equal(told[at]));
    expect(told.filter((each) => each !== 'refused')).to.have.length.above(300);
  });

  it('install and remove the packages that its own squashing finds', async function () {
    const names = [...readElements(path()).keys()];
    const environment = {
      ...{ ARCH: 'amd64', DISTRO_NAME: 'debian', DIB_PYTHON_VERSION: '3', DIB_DEFAULT_INSTALLTYPE: 'source' },
      ...{ DIB_RELEASE: 'trixie', DIB_CLOUD_INIT_GROWPART: '1' },
    };
    const entries = packageEntries(names, path().directories);
    const variables = entries.flatMap(({ when }) => when.map(({ variable }) => variable));
    const set: Record<string, string> = { ...Object.fromEntries(variables.map((name) => [name, '1'])), ...environment };
    const work = mkdtempSync(join(tmpdir(), 'squash-'));
    const out = join(work, 'out.json');
    try {
      for (const arch of ['amd64', 'arm64', 'ppc64le']) {
        for (const type of ['source', 'package']) {
          const env = { ...set, ARCH: arch, DIB_DEFAULT_INSTALLTYPE: type, PYTHONPATH: builder!.python };
          const script = join(builder!.elements, 'package-installs/bin/package-installs-squash');
          await execa('python3', [script, `--elements=${names.join(' ')}`, `--path=${builder!.elements}`, out], {
            env,
          });
          const theirs = JSON.parse(readFileSync(out, 'utf8')) as object;
          expect(withoutEmpty(squash(entries, env)), `${arch} ${type}`).to.deep.equal(withoutEmpty(theirs));
        }
      }
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });

  it('run the hooks that its dib-run-parts lists, in that order', async () => {
    const elements = [...readElements(path()).values()];
    const list = `for at; do echo "$at"; bash "$0" --list "$at"; done`;
    const directories = elements
      .flatMap(({ directory }) => phaseNames.map((phase) => join(directory, phase)))
      .filter((directory) => existsSync(directory));
    const { stdout } = await execa('bash', ['-c', list, join(path().builder!.lib, 'dib-run-parts'), ...directories]);
    const ours = elements.flatMap((element) =>
      phaseNames.flatMap((phase) => {
        const at = join(element.directory, phase);
        if (!existsSync(at)) return [];
        return [at, ...hooksOf(mergeHooks([element]), phase).map(({ name }) => join(at, name))];
      }),
    );
    expect(ours).to.deep.equal(stdout.split('\n'));
  });

  it('have one trap, a hook that is not executable, and none that is none', () => {
    const findings = [...readElements(path()).values()].flatMap(trapsIn);
    expect(findings.map(({ file }) => file.slice(builder!.elements.length + 1))).to.deep.equal([
      'enable-serial-console/cleanup.d/99-fix-grub',
    ]);
  });
});

function withoutEmpty(packages: object): object {
  const phases = Object.entries(packages).map(([phase, lists]) => {
    const kept = Object.entries(lists as Record<string, unknown[]>).filter(([, list]) => list.length > 0);
    return [phase, Object.fromEntries(kept)] as const;
  });
  return Object.fromEntries(phases.filter(([, lists]) => Object.keys(lists).length > 0));
}
