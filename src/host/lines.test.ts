import { expect } from 'chai';
import { LastLines, Lines } from './lines.js';

describe('Lines', () => {
  it('are told when they are whole, whatever the chunks, also in the middle of a character', () => {
    const told: string[] = [];
    const lines = new Lines((line) => void told.push(line));
    const bytes = Buffer.from('one\nzwölf\n\nend');
    for (const byte of bytes) lines.write(Buffer.of(byte));
    expect(told).to.deep.equal(['one', 'zwölf', '']);
    lines.end();
    lines.end();
    expect(told).to.deep.equal(['one', 'zwölf', '', 'end']);
  });

  it('are told in pieces where they never end', () => {
    let pieces = 0;
    const lines = new Lines(() => void pieces++);
    for (let written = 0; written < 100; written++) lines.write(Buffer.alloc(10_000, 'x'));
    expect(pieces).to.be.within(10, 20);
  });
});

describe('LastLines', () => {
  it('forget what is older, and empty lines', () => {
    const last = new LastLines(2);
    for (const line of ['a', 'b', '', 'c', ' ']) last.add(line);
    expect(last.text()).to.equal('b\nc');
    last.add('x'.repeat(100_000));
    expect(last.text().length).to.be.below(2000);
  });
});
