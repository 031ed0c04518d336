import { fileOwners } from '../config/file-owners.js';
import type { SignedHelper } from './template.js';

/**
 * What answer-file templates can call for the directories that `files` names; `files` stands for its value.
 *
 *     {{#each (file-owners files)}}{{this.owner}} {{this.mode}} {{this.path}} {{this.recursive}}{{/each}}
 */
export function fileHelpers(directories: readonly string[]): Readonly<Record<string, SignedHelper>> {
  return {
    'file-owners': {
      takes: ['text'],
      does: () =>
        directories.flatMap(fileOwners).map(({ user = '', group, ...rest }) => ({
          ...rest,
          owner: `${user}${group === undefined ? '' : `:${group}`}`,
        })),
    },
  };
}
