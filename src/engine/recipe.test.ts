import { expect } from 'chai';
import { command } from '../host/host.js';
import { testStageHost } from '../../test/support/stage.js';
import { compose, programsOf, spaceOf, stepId } from './recipe.js';
import { stageMaker } from './stage.js';

interface Plan {
  readonly bakes: boolean;
  readonly oven: string;
}
interface State {
  dough?: string;
  bread?: string;
}

const stage = stageMaker<Plan, State>();

const knead = stage({
  name: 'knead',
  title: 'Kneading',
  leaves: ['dough'],
  wants: () => ({ grams: 500 }),
  commands: ({ grams }) => [command('cp', [String(grams)])],
  space: ({ grams }) => [{ what: 'the dough', directory: '/bowl', least: grams, most: 2 * grams }],
  run: (_, { grams }) => Promise.resolve({ dough: `${grams} g of dough` }),
});

const bake = stage({
  name: 'bake',
  title: 'Baking',
  reads: ['dough'],
  leaves: ['bread'],
  wants: ({ bakes, oven }) => (bakes ? { oven } : undefined),
  programs: () => ['rsync'],
  run: (_, { oven }, { dough }) => Promise.resolve({ bread: `${dough}, baked in ${oven}` }),
});

const plan: Plan = { bakes: true, oven: 'an oven' };

describe('a recipe', () => {
  it('has the stages that the plan asks for, each with what it wants in hand', async () => {
    const { steps } = compose(plan, [knead, bake]);
    let state: State = {};
    for (const step of steps) state = { ...state, ...(await step.run(testStageHost(), state)) };
    expect(state.bread).to.equal('500 g of dough, baked in an oven');
  });

  it('leaves out the others, and still names them', () => {
    const { steps, stages } = compose({ ...plan, bakes: false }, [knead, bake]);
    expect(steps.map(({ name }) => name)).to.deep.equal(['knead']);
    expect(stages.map(({ name }) => name)).to.deep.equal(['knead', 'bake']);
  });

  it('is refused if a stage reads what no stage before it leaves', () => {
    const message = "the stage 'bake' reads 'dough', which no stage before it leaves";
    expect(() => compose(plan, [bake, knead])).to.throw(message);
    expect(() => compose(plan, [bake])).to.throw(message);
  });

  it('is refused if two stages have one name: a build that resumes could not tell them apart', () => {
    expect(() => compose(plan, [knead, knead])).to.throw("two stages are called 'knead'");
  });

  it('tells every command, program and need of space without running anything', async () => {
    const recipe = compose(plan, [knead, bake]);
    expect(programsOf(recipe)).to.deep.equal(['flock', 'cp', 'rsync']);
    expect(await spaceOf(recipe)).to.deep.equal([{ what: 'the dough', directory: '/bowl', least: 500, most: 1000 }]);
  });

  it('lets one stage run alone, in a test', async () => {
    const { bread } = await bake.run(testStageHost(), { oven: 'a pan' }, { dough: 'dough' });
    expect(bread).to.equal('dough, baked in a pan');
  });
});

describe('the id of a step', () => {
  it('is the same for the same work, and no other', () => {
    const id = stepId('before', 'bake', ['an oven']);
    expect(stepId('before', 'bake', ['an oven'])).to.equal(id);
    expect(stepId('before', 'bake', ['a pan'])).not.to.equal(id);
    expect(stepId('other', 'bake', ['an oven'])).not.to.equal(id);
    expect(stepId('before', 'fry', ['an oven'])).not.to.equal(id);
    expect(stepId(undefined, 'bake', undefined)).to.match(/^[0-9a-f]{64}$/);
  });
});
