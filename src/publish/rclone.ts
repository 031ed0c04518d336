import { join } from 'node:path';
import type { RcloneDestination } from '../config/destination.js';
import { command, follow, type Command, type Host } from '../host/host.js';
import { visibleLine } from './tool-line.js';
import type { UploadFiles } from './upload-files.js';

/** Seconds between two messages of rclone about its progress. */
const statsInterval = '1s';

/**
 * `rclone copyto` for each file, one after the other: the image comes first, and what vouches for it last. rclone compares
 * sizes and sums with the server afterwards, as far as that can tell them.
 */
export function rcloneCommands({ args, target }: RcloneDestination, { directory, names }: UploadFiles): Command[] {
  const reporting = ['--use-json-log', `--stats=${statsInterval}`, '--stats-log-level=NOTICE'];
  return names.map((name) => {
    const separator = /[:/]$/.test(target) ? '' : '/';
    return command('rclone', [
      'copyto',
      ...reporting,
      ...args,
      '--',
      join(directory, name),
      `${target}${separator}${name}`,
    ]);
  });
}

export async function uploadByRclone(host: Host, destination: RcloneDestination, files: UploadFiles): Promise<void> {
  for (const [index, called] of rcloneCommands(destination, files).entries()) {
    const name = files.names[index] ?? '';
    host.log.progress({ text: `Uploading ${name} to ${destination.name}` });
    await follow(host, called, (line) => tell(host, line, `Uploading ${name} to ${destination.name}`));
    host.log.info(`Uploaded ${name}`);
  }
}

/** A line of rclone's log, in JSON: https://rclone.org/docs/#use-json-log. */
interface RcloneLine {
  readonly level?: string;
  readonly msg?: string;
  readonly stats?: { readonly bytes?: number; readonly totalBytes?: number };
}

function tell(host: Host, line: string, text: string): void {
  const { level, msg, stats } = parsed(line);
  if (stats !== undefined) {
    const { bytes = 0, totalBytes = 0 } = stats;
    if (totalBytes > 0) host.log.progress({ text, fraction: Math.min(1, bytes / totalBytes) });
  } else if (msg !== undefined && (level === 'error' || level === 'warning'))
    host.log.warn(`rclone: ${visibleLine(msg)}`);
  else if (msg !== undefined) host.log.debug(`rclone: ${visibleLine(msg)}`);
}

function parsed(line: string): RcloneLine {
  try {
    return JSON.parse(line) as RcloneLine;
  } catch {
    return { level: 'notice', msg: line };
  }
}
