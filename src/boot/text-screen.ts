import type { TextScreen } from '../machine/firmware.js';

/** QEMU's monitor command that prints the cells: the character in the lower byte, its colour in the upper one. */
export function readCells({ cells, address }: TextScreen): string {
  return `xp /${cells}hx ${address}`;
}

/**
 * The lines of a VGA screen in text mode, from what the monitor printed: firmware, boot loaders, and kernels without a
 * driver for the graphics card. They come as they lie in memory, which has room for some screens before the oldest is
 * overwritten. In graphics mode there are no lines: every cell reads as ones.
 */
export function textOfCells({ columns }: TextScreen, printed: string): string[] {
  const text = [...printed.matchAll(/ 0x[0-9a-f]{2}([0-9a-f]{2})\b/g)]
    .map(([, code = '']) => String.fromCharCode(Number.parseInt(code, 16)).replace(/[^ -~]/, ' '))
    .join('');
  return Array.from({ length: Math.ceil(text.length / columns) }, (_, row) =>
    text.slice(row * columns, (row + 1) * columns).trimEnd(),
  ).filter((line) => line !== '');
}
