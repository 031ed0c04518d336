/**
 * A text that can be shown on a terminal: logs and file names out of an image may hold sequences that move the cursor,
 * set the window's title or make the terminal type. Line breaks and tabs stay; every other control character is written
 * as JavaScript writes it (`\x1b`).
 */
export function visible(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
