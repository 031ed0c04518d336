import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { withFaultAt } from '../../test/support/file-faults.js';
import { rejection, testHost } from '../../test/support/host.js';
import { Failure } from '../host/failure.js';
import { KnownSecrets } from '../host/known-secrets.js';
import { EventStream } from '../report/event-stream.js';
import type { BuildEvent } from '../report/events.js';
import { compose } from './recipe.js';
import { resumeRun, runFromBeginning, type BuildHost, type Undertaking } from './run.js';
import { stageMaker, type Bindable } from './stage.js';
import type { WorkPlace } from './workspace.js';

interface Plan {
  readonly disk: string;
  readonly size: number;
  readonly colour: string;
  readonly label: string | undefined;
}
interface State {
  made?: string;
}
const stage = stageMaker<Plan, State>();

describe('carrying out a recipe', () => {
  let output: string;
  let given: string[];
  let runs: string[];
  let failing: string | undefined;
  let plan: Plan;

  beforeEach(() => {
    output = mkdtempSync(join(tmpdir(), 'image-factory-run-'));
    given = [];
    runs = [];
    failing = undefined;
    plan = { disk: join(output, '.x.build/disk'), size: 1, colour: 'red', label: undefined };
  });
  afterEach(() => rmSync(output, { recursive: true }));

  const ran = (name: string) => {
    runs.push(name);
    if (failing === name) throw new Failure('the oven is cold', { hint: 'Heat it.' });
  };

  /** create and install make the work, paint changes it in place, wrap is optional, ship comes last. */
  const stages: readonly Bindable<Plan, State>[] = [
    stage({
      name: 'create',
      title: 'Creating',
      wants: ({ disk, size }) => ({ disk, size }),
      inputs: ({ size }) => [size],
      work: ({ disk }) => ({ path: disk }),
      run: ({ log }, { disk, size }) => {
        log.debug('creating');
        writeFileSync(disk, 'x'.repeat(size));
        return Promise.resolve(ran('create'));
      },
    }),
    stage({
      name: 'install',
      title: 'Installing',
      keepsWork: true,
      leaves: ['made'],
      wants: ({ disk }) => ({ disk }),
      run: (_, { disk }) => {
        writeFileSync(disk, `${readFileSync(disk, 'utf8')} plain`);
        ran('install');
        return Promise.resolve({ made: 'a system' });
      },
    }),
    stage({
      name: 'paint',
      title: 'Painting',
      inPlace: true,
      wants: ({ disk, colour }) => ({ disk, colour }),
      inputs: ({ colour }) => [colour],
      run: ({ repeated, scratch }, { disk, colour }) => {
        expect(scratch, 'where the next build looks').to.equal(join(output, '.x.build'));
        writeFileSync(disk, readFileSync(disk, 'utf8').replace(/.{5}$/, colour.padEnd(5)));
        ran(repeated ? 'paint again' : 'paint');
        if (failing === 'paint') throw new Failure('no');
        return Promise.resolve();
      },
    }),
    stage({
      name: 'wrap',
      title: 'Wrapping',
      wants: ({ label }) => label,
      inputs: (label) => [label],
      run: () => Promise.resolve(ran('wrap')),
    }),
    stage({
      name: 'ship',
      title: 'Shipping',
      reads: ['made'],
      wants: () => true,
      run: (_, __, { made }) => Promise.resolve(ran(`ship ${made}`)),
    }),
  ];

  function undertaking(): Undertaking<State, { machine: string }> {
    const workDir = join(output, '.x.build');
    const place: WorkPlace<{ machine: string }> = {
      name: 'x',
      outputDir: output,
      lock: join(output, '.x.lock'),
      workDir,
      directories: [workDir],
      resources: { machine: 'vm' },
      giveBack: (_, { machine }) => Promise.resolve(void given.push(machine)),
      earlier: () => Promise.resolve(existsSync(workDir) ? [workDir] : []),
      directoriesOf: () => [workDir],
    };
    return {
      recipe: compose(plan, stages),
      place,
      resumeCommand: 'image-factory x --resume',
      sumOf: () => undefined,
      expectReady: () => Promise.resolve(),
    };
  }

  async function carryOut(how: 'begin' | 'resume'): Promise<{ error?: unknown; events: BuildEvent[]; log: string }> {
    const events: BuildEvent[] = [];
    const log = new EventStream(String, [{ read: (event) => void events.push(event), close: () => undefined }]);
    const host: BuildHost = { ...testHost(), log, secrets: new KnownSecrets() };
    runs = [];
    const done = (how === 'begin' ? runFromBeginning : resumeRun)(host, undertaking(), {});
    const error: unknown = await done.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    await host.release.releaseAll(log);
    const text = events.map((event) => (event.event === 'log' ? event.message : '')).join('\n');
    return { error, events, log: text };
  }

  it('runs every step in order and leaves no work directory', async () => {
    const { error, events } = await carryOut('begin');
    expect(error).to.equal(undefined);
    expect(runs).to.deep.equal(['create', 'install', 'paint', 'ship a system']);
    expect(readdirSync(output)).to.deep.equal([]);
    expect(
      events.map((event) => ('stage' in event ? `${event.event} ${event.stage}` : event.event)),
    ).to.include.members(['stage-started create', 'stage-finished ship', 'stage-skipped wrap']);
  });

  it('names the stage that failed, and keeps nothing before there is work worth keeping', async () => {
    failing = 'install';
    const { error } = await carryOut('begin');
    expect(error).to.be.instanceOf(Failure).with.property('message', 'install: the oven is cold');
    expect((error as Failure).hint).to.equal('Heat it.');
    expect(readdirSync(output)).to.deep.equal([]);
  });

  it('keeps the work after that, and says with which command it goes on', async () => {
    failing = 'ship a system';
    const { log } = await carryOut('begin');
    expect(log).to.match(/kept in \S+\.x\.build\. Continue with: image-factory x --resume/);
    failing = undefined;
    const resumed = await carryOut('resume');
    expect(resumed.error).to.equal(undefined);
    expect(runs).to.deep.equal(['ship a system']);
    expect(readdirSync(output)).to.deep.equal([]);
  });

  it('goes on at the first step whose settings have changed, and repeats what stands on it', async () => {
    failing = 'ship a system';
    await carryOut('begin');
    failing = undefined;
    plan = { ...plan, colour: 'blue' };
    await carryOut('resume');
    expect(runs).to.deep.equal(['paint', 'ship a system']);
  });

  it('runs a step that is asked for only now', async () => {
    failing = 'ship a system';
    await carryOut('begin');
    failing = undefined;
    plan = { ...plan, label: 'fragile' };
    await carryOut('resume');
    expect(runs).to.deep.equal(['wrap', 'ship a system']);
  });

  it('repeats a step that was stopped while it changed the work in place, and tells it so', async () => {
    failing = 'paint';
    await carryOut('begin');
    failing = undefined;
    const { error } = await carryOut('resume');
    expect(error).to.equal(undefined);
    expect(runs).to.deep.equal(['paint again', 'ship a system']);
  });

  for (const [why, spoil, message] of [
    ['was written to', () => appendFileSync(plan.disk, 'x'), /disk is not as the earlier build left it/],
    ['is gone', () => rmSync(plan.disk), /disk is gone/],
    [
      'was made with other settings',
      () => (plan = { ...plan, size: 2 }),
      /the settings of stage 'create' have changed/,
    ],
    [
      'has a state file that is cut',
      () => writeFileSync(join(output, '.x.build/state.json'), '{"version": 2, "na'),
      /its state file is missing, incomplete/,
    ],
    [
      'has an empty state file',
      () => writeFileSync(join(output, '.x.build/state.json'), ''),
      /its state file is missing/,
    ],
  ] as const) {
    it(`refuses to resume work that ${why}, and keeps it`, async () => {
      failing = 'ship a system';
      await carryOut('begin');
      failing = undefined;
      spoil();
      const { error } = await carryOut('resume');
      expect(error).to.be.instanceOf(Failure).with.property('message').that.matches(message);
      expect((error as Failure).hint).to.match(/kept in \S+\. To discard it and start over, build without --resume/);
      expect(runs).to.deep.equal([]);
      expect(readdirSync(output)).to.deep.equal(['.x.build']);
      // A build from the beginning is never in the way.
      const { error: none } = await carryOut('begin');
      expect(none).to.equal(undefined);
      expect(readdirSync(output)).to.deep.equal([]);
    });
  }

  it('begins where there is nothing to resume', async () => {
    const { error, log } = await carryOut('resume');
    expect(error).to.equal(undefined);
    expect(log).to.match(/There is no unfinished build of x in \S+ to resume: starting a new one/);
    expect(runs.at(0)).to.equal('create');
  });

  it('gives back what an earlier build left before it looks whether the machine is ready, and only then discards it', async () => {
    failing = 'ship a system';
    await carryOut('begin');
    const refused: Undertaking<State, { machine: string }> = {
      ...undertaking(),
      expectReady: () => Promise.reject(new Failure('not enough space')),
    };
    const log = new EventStream(String, []);
    const host: BuildHost = { ...testHost(), log, secrets: new KnownSecrets() };
    await rejection(runFromBeginning(host, refused, {}));
    expect(given).to.deep.equal(['vm']);
    expect(readdirSync(output), 'the kept work is still there').to.deep.equal(['.x.build']);
  });

  it('can be resumed after a failure of any change of the state file', async () => {
    for (let nth = 1; ; nth++) {
      rmSync(join(output, '.x.build'), { recursive: true, force: true });
      failing = undefined;
      let told = '';
      const reached = await withFaultAt(nth, async () => {
        const { error, log } = await carryOut('begin');
        told = `${(error as Error | undefined)?.message}\n${log}`;
      });
      if (!reached) break;
      expect(told, `change ${nth}`).to.match(/no space left on device/);
      const again = await carryOut(existsSync(join(output, '.x.build')) ? 'resume' : 'begin');
      expect((again.error as Error | undefined)?.message, `after change ${nth}`).to.equal(undefined);
      expect(readdirSync(output), `after change ${nth}`).to.deep.equal([]);
    }
  });
});
