import { basename, resolve } from 'node:path';
import { hookCommand, runHook } from '../../publish/hook.js';
import type { Stage } from '../../engine/stage.js';

/** The current directory: `fetch` runs the pre-build command as well, and makes no output directory. */
const here = resolve('.');

/** The user's command before anything else, for example one that makes the netboot files. */
export const preBuildHook: Stage = {
  name: 'pre-build-command',
  title: 'Running the pre-build command',
  neededFor: ({ preBuildCommand }) => preBuildCommand !== undefined,
  commands: ({ spec }) => (spec.preBuildCommand ? [hookCommand(spec.preBuildCommand, here)] : []),
  async run(build) {
    if (build.spec.preBuildCommand) await runHook(build, build.spec.preBuildCommand, here);
  },
  inputs: ({ spec }) => [spec.preBuildCommand],
};

/** The user's command at the end: it gets the image's file name, in the directory where it lies. */
export const postBuildHook: Stage = {
  name: 'post-build-command',
  title: 'Running the post-build command',
  neededFor: ({ postBuildCommand }) => postBuildCommand !== undefined,
  commands: ({ spec, paths }) =>
    spec.postBuildCommand ? [hookCommand([...spec.postBuildCommand, basename(paths.image)], paths.outputDir)] : [],
  async run(build) {
    const { spec, paths } = build;
    if (spec.postBuildCommand) await runHook(build, [...spec.postBuildCommand, basename(paths.image)], paths.outputDir);
  },
  inputs: ({ spec }) => [spec.postBuildCommand],
};
