/** `debian login:`, as getty asks in one of the lines; the kernel may have said something behind it. */
export function loginPrompt(lines: readonly string[]): string | undefined {
  return lines
    .map((line) => /^(?:(?!Last )[\w.-]+ )?login:(?=\s|$)/.exec(line)?.[0])
    .find((prompt) => prompt !== undefined);
}
