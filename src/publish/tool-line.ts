/** What a program says, on one line. */
export function visibleLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, ' ');
}
