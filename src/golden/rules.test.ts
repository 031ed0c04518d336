import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { testHost } from '../../test/support/host.js';
import { changed, seenBy, type PlantedSystem } from '../../test/support/planted-system.js';
import { plantings, type Planting } from '../../test/support/plantings.js';
import type { Rule } from './rule.js';
import { ruleGroups } from './rule.js';
import { rules } from './rules.js';

describe('the rules of golden images', () => {
  let scratch: string;
  beforeEach(() => (scratch = mkdtempSync(join(tmpdir(), 'rules-'))));
  afterEach(() => rmSync(scratch, { recursive: true }));

  const find = async (rule: Rule, system: PlantedSystem, usedSwap: readonly string[] = []) =>
    rule.find(seenBy(rule, system, scratch, { uuids: { '/dev/vda1': 'f00' }, usedSwap }), testHost());

  it('have a planted example each, and each example has its rule', () => {
    expect(Object.keys(plantings)).to.have.members(rules.map(({ name }) => name));
  });

  it('have names of their own, a title, a reason and a source', () => {
    expect(new Set(rules.map(({ name }) => name)).size).to.equal(rules.length);
    for (const { name, group, title, reason, source } of rules) {
      expect(name).to.match(/^[a-z]+(-[a-z]+)*$/);
      expect(group in ruleGroups, name).to.be.true;
      for (const text of [title, reason, source]) expect(text.length, `${name}: ${text}`).to.be.greaterThan(10);
      expect(reason, name).not.to.match(/\.$/);
    }
  });

  for (const rule of rules) {
    describe(rule.name, () => {
      const { planted, found = Object.keys(planted), innocent } = plantings[rule.name] as Planting;
      const usedSwap = rule.name === 'swapped-memory' ? found : [];

      it('finds what breaks it, and nothing else', async () => {
        const findings = await find(rule, planted, usedSwap);
        expect(findings.map(({ path }) => path).sort()).to.deep.equal([...found].sort());
        expect(await find(rule, innocent)).to.deep.equal([]);
      });

      it(
        rule.repair === undefined ? 'leaves the repair to you' : 'repairs it, and leaves its neighbours alone',
        async () => {
          const findings = await find(rule, planted, usedSwap);
          const repairs = findings.map(({ repair }) => repair);
          if (rule.repair === undefined) {
            expect(repairs.every((repair) => repair === undefined)).to.be.true;
            return;
          }
          if (rule.name === 'swapped-memory') return;
          expect(repairs.every((repair) => repair !== undefined)).to.be.true;
          const after = changed(
            { ...innocent, ...planted },
            repairs.flatMap((repair) => repair ?? []),
          );
          expect(await find(rule, after)).to.deep.equal([]);
          for (const [path, content] of Object.entries(innocent)) {
            if (!(path in planted)) expect(after[path], path).to.deep.equal(content);
          }
        },
      );
    });
  }
});
