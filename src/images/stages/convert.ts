import { rm } from 'node:fs/promises';
import { convertCommand } from '../../disk/formats.js';
import { reasonOf } from '../../host/errno.js';
import { run } from '../../host/host.js';
import { stage } from '../stage.js';

/** The disk in the format that was asked for. A raw disk is the image already. */
export const convert = stage({
  name: 'convert',
  title: 'Converting the disk',
  wants: ({ spec: { format, compression, keepRaw, imageSize }, paths, sourceDate }) => ({
    ...({ format, compression, keepRaw, imageSize, order: sourceDate === undefined ? 'any' : 'same' } as const),
    ...{ rawDisk: paths.rawDisk, candidate: paths.candidate, directory: paths.diskDir },
    // An image that failed its boot test has got another name, and one that was about to be finished its own.
    elsewhere: [paths.unproven, paths.image],
  }),
  commands: ({ format, compression, order, rawDisk, candidate }) =>
    [convertCommand(rawDisk, candidate, format, compression, order)].filter((called) => called !== undefined),
  // At worst the disk does not compress at all.
  space: ({ format, directory, imageSize }) =>
    format === 'raw' ? [] : [{ what: 'the converted image', directory, least: 0, most: imageSize }],
  inputs: ({ format, compression, keepRaw }) => [format, compression, keepRaw],
  work: ({ candidate, elsewhere }) => ({ path: candidate, elsewhere }),
  async run(host, { format, compression, order, keepRaw, rawDisk, candidate }) {
    const convert = convertCommand(rawDisk, candidate, format, compression, order);
    if (convert === undefined) return;
    await run(host, convert);
    if (keepRaw) return;
    // The name is gone at once, and no later stage waits for the kernel to take back gigabytes.
    rm(rawDisk).catch((error: Error) => host.log.warn(`${rawDisk} can't be removed: ${reasonOf(error)}`));
  },
});
