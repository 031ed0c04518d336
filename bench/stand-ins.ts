import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Makes programs that stand first on PATH, so that both tools run from beginning to end with no virtual machine:
 * virt-install ends with this script, virsh and libvirt's daemons do nothing.
 *
 * @param virtInstall a line of shell, in which `$disk` is the disk that the tool has made
 */
export async function standIns(directory: string, virtInstall: string): Promise<Record<string, string>> {
  await mkdir(directory, { recursive: true });
  const scripts = {
    'virt-install': `while [ $# -gt 0 ]; do
  case $1 in --disk) disk=\${2#path=}; disk=\${disk%%,*} ;; esac
  shift
done
${virtInstall}`,
    virsh: 'exit 0',
    libvirtd: 'exit 0',
    virtlogd: 'exit 0',
  };
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return { PATH: `${directory}:${process.env.PATH ?? ''}` };
}
