/** Whether the last day of a release's support has passed. @param lastDay `YYYY-MM-DD`; undefined: none is known */
export function supportEnded(lastDay: string | undefined, now = new Date()): boolean {
  return lastDay !== undefined && now.toISOString().slice(0, 10) > lastDay;
}
