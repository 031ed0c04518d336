import { expect } from 'chai';
import { textMode } from '../machine/firmware.js';
import { textOfCells } from './text-screen.js';

/** What the monitor prints of these lines in grey on black, eight cells a line. */
function printed(...lines: string[]): string {
  const cells = [...lines.map((line) => line.padEnd(80)).join('')].map(
    (character) => `0x07${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return Array.from(
    { length: cells.length / 8 },
    (_, row) =>
      `00000000000b8${(row * 16).toString(16).padStart(3, '0')}: ${cells.slice(row * 8, row * 8 + 8).join(' ')}`,
  ).join('\r\n');
}

const screen = textMode;

describe('textOfCells', () => {
  it('gives the lines of a screen in text mode, without the empty ones', () => {
    expect(textOfCells(screen, printed('SeaBIOS (version 1.16.2)', '', 'No bootable device.'))).to.deep.equal([
      'SeaBIOS (version 1.16.2)',
      'No bootable device.',
    ]);
  });

  it('takes anything but ASCII for a blank', () => {
    expect(textOfCells(screen, printed('\xc9 GRUB \xbb'))).to.deep.equal(['  GRUB']);
  });

  it('gives nothing in graphics mode, or where there is no machine', () => {
    expect(textOfCells(screen, `00000000000b8000:${' 0xffff'.repeat(8)}\r\n`.repeat(2048))).to.deep.equal([]);
    expect(textOfCells(screen, '')).to.deep.equal([]);
  });
});
