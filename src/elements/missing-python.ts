import { hasProgram } from './tree-programs.js';

/** What bash, dash and env(1) say of a program whose interpreter is not there. */
const noInterpreter = /required file not found|bad interpreter|: not found$|No such file or directory/m;

/**
 * What helps where a hook failed for want of python3, in which package-installs, pkg-map and svc-map are written; undefined
 * where the tree has it, or the hook said nothing of the kind.
 *
 * @param said the last lines of the hook
 */
export function missingPython(tree: string, said: string): string | undefined {
  if (!noInterpreter.test(said) || hasProgram(tree, 'python3')) return undefined;
  return "The tree has no python3, in which package-installs and pkg-map are written: 'packages = python3' installs it before the elements.";
}
