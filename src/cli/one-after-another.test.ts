import { expect } from 'chai';
import { UsageError } from '../host/failure.js';
import { oneAfterAnother, summary, type Ended } from './one-after-another.js';

const images = ['debian-12', 'debian-13', 'rocky-9'];
const quiet = { logFormat: 'json', quiet: true } as const;

describe('oneAfterAnother', () => {
  let lines: string[];
  let write: typeof process.stderr.write;
  beforeEach(() => {
    lines = [];
    write = process.stderr.write.bind(process.stderr);
    process.stderr.write = (line: string) => lines.push(line) > 0;
  });
  afterEach(() => (process.stderr.write = write));

  /** Builds that end with these exit codes; which were begun, and the exit code of all. */
  async function building(exitCodes: Record<string, number>, flags: object = {}) {
    const controller = new AbortController();
    const begun: string[] = [];
    const exitCode = await oneAfterAnother(images, { ...quiet, ...flags }, controller.signal, (image) => {
      begun.push(image);
      if (exitCodes[image] === 130) controller.abort();
      return Promise.resolve<Ended>({ exitCode: exitCodes[image] ?? 0, file: `/out/${image}` });
    });
    return { begun, exitCode };
  }
  const told = () => (JSON.parse(lines.at(-1)!) as { images: { outcome: string }[] }).images.map((one) => one.outcome);

  it('goes on with the next image where one fails, and ends as the worst did', async () => {
    expect(await building({ 'debian-12': 1 })).to.deep.equal({ begun: images, exitCode: 1 });
    expect(told()).to.deep.equal(['failed', 'done', 'done']);
  });

  it('stops at the first failure where it is asked to', async () => {
    expect(await building({ 'debian-12': 1 }, { failFast: true })).to.deep.equal({ begun: ['debian-12'], exitCode: 1 });
    expect(told()).to.deep.equal(['failed', 'not begun', 'not begun']);
  });

  it('ends with the build that is interrupted', async () => {
    expect(await building({ 'debian-12': 1, 'debian-13': 130 })).to.deep.equal({
      begun: ['debian-12', 'debian-13'],
      exitCode: 130,
    });
    expect(told()).to.deep.equal(['failed', 'interrupted', 'not begun']);
  });

  it('tells nothing under --quiet where all is well', async () => {
    expect(await building({})).to.deep.equal({ begun: images, exitCode: 0 });
    expect(lines).to.deep.equal([]);
  });

  it('counts an image that can no longer be read as its failure alone', async () => {
    let complaint = '';
    const consoleError = console.error;
    console.error = (text: string) => void (complaint += text);
    try {
      const exitCode = await oneAfterAnother(images, quiet, new AbortController().signal, (image) =>
        image === 'debian-13'
          ? Promise.reject(new UsageError(['the answer file is gone']))
          : Promise.resolve<Ended>({ exitCode: 0, file: undefined }),
      );
      expect(exitCode).to.equal(2);
    } finally {
      console.error = consoleError;
    }
    expect(complaint).to.equal('image-factory: the answer file is gone');
    expect(told()).to.deep.equal(['done', 'failed', 'done']);
  });
});

describe('summary', () => {
  it('is a table: image, outcome, time, file', () => {
    expect(
      summary([
        { image: 'debian-12', outcome: 'done', seconds: 723, file: '/out/debian-12-2026-11-26.qcow2' },
        { image: 'rocky-9', outcome: 'failed', seconds: 4.21, file: '/out/rocky-9-2026-11-26.log' },
        { image: 'sles-15', outcome: 'not begun', seconds: 0, file: undefined },
      ]),
    ).to.deep.equal([
      '1 of 3 images done',
      '  debian-12  done       12 min 3 s  /out/debian-12-2026-11-26.qcow2',
      '  rocky-9    failed     4.2 s       /out/rocky-9-2026-11-26.log',
      '  sles-15    not begun',
    ]);
  });
});
