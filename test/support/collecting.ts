import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

/**
 * Runs a script (a module) in a process of its own, in which garbage is collected all the time, and gives what it printed. What is
 * held only weakly is gone there at once.
 *
 * @param imports names, each with the module that has it, as a path below the project's directory
 * @throws where the script does not end within two minutes, or fails
 */
export async function whileCollecting(imports: Readonly<Record<string, string>>, script: string): Promise<string> {
  const root = new URL('../../', import.meta.url);
  const lines = Object.entries(imports).map(
    ([name, path]) => `import { ${name} } from ${JSON.stringify(new URL(path, root).href)};`,
  );
  const collecting = 'setInterval(() => globalThis.gc(), 20).unref();';
  const { stdout } = await execa(
    process.execPath,
    ['--expose-gc', '--import', 'tsx', '--input-type=module', '--eval', [...lines, collecting, script].join('\n')],
    { cwd: fileURLToPath(root), timeout: 120_000 },
  );
  return stdout;
}
