import { rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { convertToQcow2Command } from '../../disk/convert.js';
import { moveFile } from '../../disk/move-file.js';
import { run } from '../../host/host.js';
import type { Build, Plan } from '../build.js';
import { always, type Stage } from '../stage.js';

/** The disk in the format that was asked for, under its final name once it is whole. */
export const convert: Stage = {
  name: 'convert',
  title: 'Converting the disk',
  neededFor: always,
  commands: (plan) => (plan.spec.format === 'qcow2' ? [qcow2Command(plan)] : []),
  async run(build: Build) {
    const { spec, paths } = build;
    // The checksum of an earlier image of the same name must not be found beside this one.
    await rm(paths.checksum, { force: true });
    if (spec.format === 'raw') {
      await moveFile(build, paths.rawDisk, paths.image);
      return;
    }
    await run(build, qcow2Command(build));
    await rename(beforeRename(build), paths.image);
    const keptRaw = join(paths.outputDir, `${spec.baseName}.raw`);
    if (spec.keepRaw) await moveFile(build, paths.rawDisk, keptRaw);
    else await rm(paths.rawDisk);
  },
};

function qcow2Command(plan: Plan) {
  return convertToQcow2Command(plan.paths.rawDisk, beforeRename(plan), plan.spec.compression);
}

function beforeRename({ paths }: Plan): string {
  return join(paths.workDir, basename(paths.image));
}
