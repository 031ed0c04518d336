import { readFileSync } from 'node:fs';
import { readSource } from '../config/configuration-files.js';
import { layoutFile, shippedLayoutNames } from '../config/layout-file.js';
import { imageOptions } from '../config/options.js';
import { didYouMean } from '../config/suggestion.js';
import { reasonOf } from '../host/errno.js';
import { UsageError } from '../host/failure.js';
import { assumedSize } from '../layout/assumed-size.js';
import { drawing } from '../layout/drawing.js';
import { shownFile } from '../layout/image-layout.js';
import type { LayoutFinding } from '../layout/finding.js';
import { layoutAsJson } from '../layout/layout-json.js';
import { parseLayout } from '../layout/parse.js';
import { planLayout } from '../layout/plan.js';
import { shownSize } from '../layout/size.js';
import { layoutTable } from '../layout/table.js';
import { visible } from '../report/visible.js';
import { helpWidth } from './help.js';

export interface LayoutFlags {
  readonly size?: string;
  readonly json?: boolean;
}

/** Lists the shipped layouts, or shows what becomes of one. */
export function layout(action: string, name: string | undefined, flags: LayoutFlags): void {
  if (action === 'list') return listLayouts(name, flags);
  if (action === 'show') return showLayout(name, flags);
  throw new UsageError([
    `layout ${action}: expected 'layout show' or 'layout list'${didYouMean(action, ['show', 'list'])}`,
  ]);
}

/** A name and the first sentence of its file on each line. */
function listLayouts(name: string | undefined, { size, json }: LayoutFlags): void {
  if (name !== undefined)
    throw new UsageError([`layout list ${name}: it takes no name; 'layout show ${name}' shows a layout`]);
  if (size !== undefined) throw new UsageError(["--size is an option of 'layout show'"]);
  const layouts = shippedLayoutNames().map((shipped) => {
    const file = layoutFile(shipped);
    return { name: shipped, description: firstSentence(readFileSync(file, 'utf8')), file };
  });
  if (json) return console.log(JSON.stringify({ layouts }, undefined, 2));
  const width = Math.max(...layouts.map((one) => one.name.length));
  for (const one of layouts) console.log(`${one.name.padEnd(width)}  ${one.description}`);
}

/** Up to the first full stop or colon. */
function firstSentence(text: string): string {
  const comment = /^(?:#.*\n)+/.exec(text)?.[0] ?? '';
  const words = comment.replace(/^#[ \t]*/gm, '').replace(/\s+/g, ' ');
  return words.replace(/[.:] .*$/, '').trimEnd();
}

function showLayout(name: string | undefined, flags: LayoutFlags): void {
  if (name === undefined) {
    throw new UsageError([
      `layout show: which one? A shipped one (${shippedLayoutNames().join(', ')}), or a YAML file`,
    ]);
  }
  const file = fileOf(name);
  const shown = shownFile(file);
  const document = parseLayout(read(file), shown);
  const isSized = document.disks.every(({ size }) => size !== undefined);
  const imageSize = flags.size === undefined ? assumedSize(document, usualSize()) : sizeOf(flags.size);
  const { layout: planned, findings } = planLayout(document, { imageSize });
  const told = ({ line, message }: LayoutFinding) => `${shown}${line === undefined ? '' : `:${line}`}: ${message}`;
  const errors = findings.filter(({ weight }) => weight === 'error');
  for (const finding of findings) if (finding.weight !== 'error') warn(told(finding));
  if (errors.length > 0) throw new UsageError(errors.map(told));
  if (flags.size !== undefined && isSized) {
    warn(`${shown}: --size has no effect: the layout says the size of its disk`, 'note');
  } else if (!isSized && flags.size === undefined) {
    warn(
      `${shown}: the layout names no size of the disk: it is shown for ${shownSize(imageSize)}; set another by --size`,
      'note',
    );
  }
  if (flags.json) return console.log(JSON.stringify(layoutAsJson(planned), undefined, 2));
  for (const line of [...drawing(planned, helpWidth()), '', ...layoutTable(planned)]) console.log(visible(line));
}

function fileOf(name: string): string {
  try {
    return layoutFile(name);
  } catch (error) {
    throw new UsageError([`layout show ${name}: expected ${(error as Error).message}`]);
  }
}

function read(file: string): string {
  try {
    return readSource(file).text;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError([`can't read the layout ${file}: ${reasonOf(error)}`]);
  }
}

function usualSize(): number {
  const { type, default: text } = imageOptions['image-size'];
  return type.parse(text);
}

function sizeOf(text: string): number {
  try {
    return imageOptions['image-size'].type.parse(text);
  } catch (error) {
    throw new UsageError([`--size ${text}: expected ${(error as Error).message}`]);
  }
}

function warn(message: string, word = 'warning'): void {
  console.error(`image-factory: ${word}: ${visible(message)}`);
}
