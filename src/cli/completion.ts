import type { Command } from 'commander';
import { bashCompletion } from './completion/bash.js';
import { completedCommands } from './completion/candidates.js';
import { fishCompletion } from './completion/fish.js';
import { zshCompletion } from './completion/zsh.js';

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

export type Shell = keyof typeof scripts;

/** Prints a script that lets a shell complete commands, options, their values and the names of images. */
export function completion(shell: Shell, root: Command): void {
  process.stdout.write(scripts[shell](completedCommands(root)));
}
