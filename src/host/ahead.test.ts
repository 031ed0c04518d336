import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { ahead } from './ahead.js';
import { rejection } from '../../test/support/host.js';

describe('a source that is asked ahead', () => {
  /** Says what happens. */
  async function* source(said: string[], count: number): AsyncGenerator<number> {
    try {
      for (let number = 1; number <= count; number++) {
        said.push(`makes ${number}`);
        yield await Promise.resolve(number);
      }
    } finally {
      said.push('ends');
    }
  }

  it('makes the next item while the last one is used, and not before', async () => {
    const said: string[] = [];
    for await (const number of ahead(source(said, 3))) {
      said.push(`uses ${number}`);
      await sleep(10);
      said.push(`has used ${number}`);
    }
    expect(said).to.deep.equal([
      ...['makes 1', 'uses 1', 'makes 2', 'has used 1', 'uses 2', 'makes 3', 'has used 2', 'uses 3', 'ends'],
      'has used 3',
    ]);
  });

  it('ends with the one who uses it', async () => {
    const said: string[] = [];
    for await (const number of ahead(source(said, 3))) if (number === 1) break;
    expect(said.at(-1)).to.equal('ends');
    await sleep(10);
    expect(said.filter((line) => line === 'ends')).to.have.length(1);
  });

  it('passes an error on where its item would have come', async () => {
    const used: number[] = [];
    async function* failing() {
      yield await Promise.resolve(1);
      throw new Error('no such file');
    }
    const using = async () => {
      for await (const number of ahead(failing())) {
        await sleep(10);
        used.push(number);
      }
    };
    expect(await rejection(using())).to.have.property('message', 'no such file');
    expect(used).to.deep.equal([1]);
  });
});
