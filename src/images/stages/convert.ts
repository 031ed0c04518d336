import { rm } from 'node:fs/promises';
import { convertToQcow2Command } from '../../disk/convert.js';
import { run } from '../../host/host.js';
import type { Plan } from '../build.js';
import { always, type Stage } from '../../engine/stage.js';

/** The disk in the format that was asked for. */
export const convert: Stage = {
  name: 'convert',
  title: 'Converting the disk',
  neededFor: always,
  commands: (plan) => (plan.spec.format === 'qcow2' ? [qcow2Command(plan)] : []),
  async run(build) {
    const { spec, paths } = build;
    // A raw disk is the image already.
    if (spec.format === 'raw') return;
    await run(build, qcow2Command(build));
    if (spec.keepRaw) return;
    // The name is gone at once, and no later stage waits for the kernel to take back gigabytes.
    rm(paths.rawDisk).catch((error: Error) => build.log.warn(`${paths.rawDisk} can't be removed: ${error.message}`));
  },
  inputs: ({ spec }) => [spec.format, spec.compression, spec.keepRaw],
};

function qcow2Command({ spec, paths }: Plan) {
  return convertToQcow2Command(paths.rawDisk, paths.candidate, spec.compression);
}
