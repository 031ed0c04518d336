import { basename } from 'node:path';
import { hookCommand, runHook } from '../../publish/hook.js';
import { stage } from '../stage.js';

/** The user's command before anything else, for example one that makes the netboot files. */
export const preBuildHook = stage({
  name: 'pre-build-command',
  title: 'Running the pre-build command',
  // In the current directory: `fetch` runs it as well, and makes no output directory.
  wants: ({ spec: { preBuildCommand: words } }) => words && { words, directory: process.cwd() },
  commands: ({ words, directory }) => [hookCommand(words, directory)],
  inputs: ({ words }) => [words],
  async run(host, { words, directory }) {
    await runHook(host, words, directory);
  },
});

/** The user's command at the end: it gets the image's file name, in the directory where it lies. */
export const postBuildHook = stage({
  name: 'post-build-command',
  title: 'Running the post-build command',
  wants: ({ spec: { postBuildCommand: words }, paths }) =>
    words && { words: [...words, basename(paths.image)], directory: paths.outputDir },
  commands: ({ words, directory }) => [hookCommand(words, directory)],
  inputs: ({ words }) => [words],
  async run(host, { words, directory }) {
    await runHook(host, words, directory);
  },
});
