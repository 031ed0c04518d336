import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { expect } from 'chai';
import { rejection } from '../../test/support/host.js';
import { fileSink } from './file-sink.js';

describe('a file as the end of a pipeline', () => {
  let directory: string;
  let file: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'image-factory-file-sink-'));
    file = join(directory, 'out');
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** Chunks of 700,001 bytes, all in the same memory. */
  async function* reusing(count: number): AsyncGenerator<Buffer> {
    const memory = Buffer.alloc(700_001);
    for (let number = 0; number < count; number++) yield await Promise.resolve(memory.fill(number));
  }

  it('has all bytes in order, whose chunks may use their memory again', async () => {
    await pipeline(reusing(10), fileSink(file));
    const expected = Buffer.concat(Array.from({ length: 10 }, (_, number) => Buffer.alloc(700_001, number)));
    expect((await readFile(file)).equals(expected)).to.equal(true);
  });

  it('is empty for nothing, whatever was there', async () => {
    await pipeline(reusing(1), fileSink(file));
    await pipeline(reusing(0), fileSink(file));
    expect(await readFile(file)).to.have.length(0);
  });

  it('fails as the file does, and ends the source', async () => {
    let ended = false;
    async function* endless() {
      try {
        for (;;) yield* reusing(1);
      } finally {
        ended = true;
      }
    }
    expect(await rejection(pipeline(endless(), fileSink('/dev/full')))).to.include({
      code: 'ENOSPC',
      path: '/dev/full',
    });
    expect(ended).to.equal(true);
  });

  it('passes on why its source failed', async () => {
    async function* failing() {
      yield* reusing(3);
      throw new Error('the tree has changed');
    }
    expect(await rejection(pipeline(failing(), fileSink(file)))).to.have.property('message', 'the tree has changed');
  });
});
