import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect } from 'chai';
import { rejection, testHost } from '../../test/support/host.js';
import { filter, nothing } from './filter.js';
import type { Command } from './host.js';

const shell = (script: string): Command => ({ file: 'sh', args: ['-c', script] });

async function textOf(output: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of output) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('a program as a filter', () => {
  const host = testHost();
  const source = (...chunks: string[]) => Readable.from(chunks.map((chunk) => Buffer.from(chunk)));

  it('reads what is before it and passes on what it writes', async () => {
    expect(await textOf(filter(host, shell('tr a-z A-Z'))(source('one ', 'two')))).to.equal('ONE TWO');
    expect(await textOf(filter(host, shell('echo no input'))(nothing()))).to.equal('no input\n');
  });

  it('may end before it has read all', async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(65536, 'x');
      })(),
    );
    expect(await textOf(filter(host, shell('head -c 3'))(endless))).to.equal('xxx');
  });

  it('fails with what the program said', async () => {
    const error = await rejection(textOf(filter(host, shell('cat; echo "no space" >&2; exit 3'))(source('x'))));
    expect(String(error)).to.match(/failed with exit code 3:\nno space/);
  });

  it('fails with the error of the stage before, not with what the program makes of it', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.from('x');
      await Promise.resolve();
      throw new Error('the archive is damaged');
    }
    const error = await rejection(textOf(filter(host, shell('cat >/dev/null; exit 1'))(broken())));
    expect(String(error)).to.equal('Error: the archive is damaged');
  });

  it('ends the program when a later stage wants no more, or objects to a message', async () => {
    const endless = filter(host, shell('while :; do echo x; done'));
    const stopping = pipeline(endless(nothing()), (lines: AsyncIterable<Buffer>) => {
      void lines;
      return Promise.reject(new Error('enough'));
    });
    expect(String(await rejection(stopping))).to.equal('Error: enough');
    const onMessage = (line: string) => {
      throw new Error(`told ${line}`);
    };
    const telling = filter(host, shell('echo something >&2; exec sleep 600'), { onMessage });
    expect(String(await rejection(textOf(telling(nothing()))))).to.equal('Error: told something');
  });

  it('stops when the command is interrupted', async () => {
    const stop = new AbortController();
    const output = textOf(filter(testHost(stop.signal), shell('exec sleep 600'))(nothing()));
    setImmediate(() => stop.abort(new Error('interrupted')));
    expect(String(await rejection(output))).to.equal('Error: interrupted');
  });
});
