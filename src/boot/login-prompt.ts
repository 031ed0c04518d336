/** `debian login:`, getty's prompt in one of the lines. Kernel messages may follow it. */
export function loginPrompt(lines: readonly string[]): string | undefined {
  return lines
    .map((line) => /^(?:(?!Last )[\w.-]+ )?login:(?=\s|$)/.exec(line)?.[0])
    .find((prompt) => prompt !== undefined);
}
