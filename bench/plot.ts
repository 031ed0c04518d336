import { ratio, reached, type Row } from './result.js';

const width = 760;
const labelWidth = 380;
const lineHeight = 26;
/** Ratio at the right edge. */
const widest = 1.6;

/** The rows that have a goal, as bars: ours ÷ rival, with a mark at the goal. */
export function plot(rows: readonly Row[]): string {
  const drawn = rows.filter(({ goal }) => goal !== undefined);
  const height = (drawn.length + 2) * lineHeight;
  const x = (value: number) => labelWidth + (Math.min(value, widest) / widest) * (width - labelWidth - 60);
  const bars = drawn.map((row, index) => {
    const top = (index + 1) * lineHeight;
    const value = ratio(row);
    const mark = x(row.goal ?? 0).toFixed(1);
    return [
      `<text x="${labelWidth - 10}" y="${top + 15}" text-anchor="end">${escape(`${row.bench}: ${row.what}`)}</text>`,
      `<rect x="${labelWidth}" y="${top + 4}" width="${(x(value) - labelWidth).toFixed(1)}" height="14" fill="${reached(row) ? '#3b7dd8' : '#d8843b'}"/>`,
      `<line x1="${mark}" x2="${mark}" y1="${top + 1}" y2="${top + 21}" stroke="#222" stroke-width="2"/>`,
      `<text x="${(Math.max(x(value), x(row.goal ?? 0)) + 6).toFixed(1)}" y="${top + 15}">${value.toFixed(2)}</text>`,
    ].join('\n');
  });
  const one = x(1).toFixed(1);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
<text x="${labelWidth}" y="17">ours ÷ rival; the black mark is the goal</text>
<line x1="${one}" x2="${one}" y1="${lineHeight}" y2="${height - lineHeight}" stroke="#999" stroke-dasharray="4 3"/>
${bars.join('\n')}
</svg>
`;
}

function escape(text: string): string {
  return text.replaceAll('`', '').replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
