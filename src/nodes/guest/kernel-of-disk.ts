import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { kernelsIn } from '../../disk/make/boot/kernels.js';
import { readSystem } from '../../disk/system.js';
import { SystemFiles } from '../../disk/system-files.js';
import { Volumes } from '../../disk/volumes.js';
import { Failure } from '../../host/failure.js';
import type { Host } from '../../host/host.js';
import { kernelForStore } from '../../guest/kernel.js';

/**
 * Copies the newest kernel of an installed system, with the modules that a guest needs, out of its disk: without mounting
 * it, and without any right.
 *
 * @param to a directory, which then looks like a system with nothing but a kernel
 */
export async function takeKernel(host: Host, disk: string, to: string): Promise<void> {
  await Volumes.use(host, disk, async (volumes) => {
    const files = new SystemFiles(await readSystem(volumes), volumes);
    const names = await files.names('/boot');
    const [kernel] = kernelsIn(names.map((name) => ({ path: `boot/${name}`, kind: 'f' })));
    if (kernel === undefined) throw new Failure('the installed system has no kernel in /boot');
    const copy = async (from: string, name: string): Promise<boolean> => {
      await mkdir(dirname(join(to, name)), { recursive: true });
      return files.copyOut(from, join(to, name));
    };
    const directory = `lib/modules/${kernel.version}`;
    const copyModule = async (name: string) =>
      (await copy(`/usr/${directory}/${name}`, `${directory}/${name}`)) ||
      (await copy(`/${directory}/${name}`, `${directory}/${name}`));
    try {
      await copy(kernel.image, kernel.image.slice(1));
      for (const name of ['modules.dep', 'modules.builtin']) await copyModule(name);
      const { modules } = await kernelForStore(to);
      for (const file of modules) if (file.startsWith(to)) await copyModule(file.slice(join(to, directory).length + 1));
    } catch (error) {
      await rm(to, { recursive: true, force: true });
      throw error;
    }
  });
}
