import { installOrigin } from '../../config/image-spec.js';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { injectedName } from '../../answers/injected-name.js';
import { readsSeedVolume } from '../../answers/seed-volume.js';
import { makeSearchable } from '../../host/searchable-directory.js';
import { install as runInstallation } from '../../install/installation.js';
import { virtInstallCommand, type Installation } from '../../install/virt-install.js';
import { joinRotated } from '../../machine/console-log.js';
import { Libvirt, virshCommand } from '../../machine/libvirt.js';
import { nvramCommands } from '../../machine/virtual-machine.js';
import { maskFile } from '../../report/masked-file.js';
import type { Plan } from '../build.js';
import { stage } from '../stage.js';
import { expectPinned } from '../../sources/linked-file.js';
import { noRepository, repositoryArguments, type LockedRepository } from '../locked-repository.js';
import { installerLocation, pinnedFiles } from '../netboot.js';

/** The installation itself, in a virtual machine that is gone afterwards. */
export const install = stage({
  name: 'install',
  title: 'Installing',
  reads: ['answerFile', 'installer', 'netbootFiles'],
  keepsWork: true,
  wants: (plan) => {
    const { spec, paths, packages } = plan;
    const { answerFile } = installOrigin(spec);
    return {
      installation: installation(plan),
      /** What stands for the repository of a package lock, for a dry run. */
      placeholder: packages && noRepository,
      /** What earlier stages will leave, for a dry run. */
      expected: {
        answerFile: join(paths.workDir, 'answer-file', injectedName(answerFile.kind, answerFile.path)),
        location: installerLocation(plan),
      },
      pinned: pinnedFiles(plan),
      ...{ connect: spec.connect, timeout: spec.timeout },
    };
  },
  commands: ({ installation, expected, connect, placeholder }) => [
    ...nvramCommands(installation.machine),
    virtInstallCommand({
      ...{ ...installingFrom(placeholder, installation), ...expected },
      injected: injectedNames(placeholder, installation, dirname(expected.answerFile)),
    }),
    virshCommand(
      connect,
      'undefine',
      ...(installation.machine.hardware.firmware.files === undefined ? [] : ['--nvram']),
      installation.machine.domain,
    ),
  ],
  // virt-install and libvirt call them.
  programs: ({ installation: { machine } }) => ['cpio', machine.hardware.architecture.emulator],
  inputs: ({ installation: { spec, machine }, connect }, { netbootFiles }) => [
    ...[spec.append, machine.hardware.ram, machine.hardware.cores, machine.hardware.mac],
    ...[machine.hardware.architecture.name, machine.hardware.firmware.name],
    connect,
    netbootFiles,
  ],
  async run(host, { installation, pinned, connect, timeout }, { answerFile, installer, netbootFiles, repository }) {
    // A link has the content of the cache's file, which something other than image-factory may write to.
    for (const { name, sha256 } of netbootFiles) await expectPinned(host, pinned[name] ?? '', sha256);
    makeSearchable(installation.scratchDirectory);
    host.log.info(`The console of the installer goes to ${installation.machine.consoleLog}`);
    try {
      const injected = await injectedKey(repository, installation, dirname(answerFile));
      const called = { ...installingFrom(repository, installation), answerFile, location: installer, injected };
      await runInstallation(host, new Libvirt(host, connect), called, timeout);
    } finally {
      // The kernel prints its arguments, and an installer what it likes.
      await joinRotated(installation.machine.consoleLog);
      await maskFile(host, installation.machine.consoleLog);
    }
  },
});

/**
 * linuxrc trusts the keys of this file in its initrd, and YaST those of all `*.gpg` there: with a package lock, the key of the build
 * takes the place of the distribution's.
 */
async function injectedKey(
  repository: LockedRepository | undefined,
  { spec }: Pick<Installation, 'spec'>,
  directory: string,
): Promise<string[]> {
  const files = injectedNames(repository, { spec }, directory);
  for (const file of files) await writeFile(file, Buffer.from(repository?.key ?? '', 'base64'));
  return files;
}

function injectedNames(
  repository: LockedRepository | undefined,
  { spec }: Pick<Installation, 'spec'>,
  directory: string,
): string[] {
  return repository === undefined || spec.origin.answerFile.kind !== 'yast' ? [] : [join(directory, 'installkey.gpg')];
}

/** With the kernel arguments that name the repository of a package lock. */
function installingFrom<T extends Pick<Installation, 'spec' | 'machine'>>(
  repository: LockedRepository | undefined,
  installation: T,
): T {
  const { spec, machine } = installation;
  const append = repositoryArguments(spec.origin, spec.append, repository, machine.hardware.architecture.name);
  return { ...installation, spec: { ...spec, append } };
}

function installation({ spec, paths, domain, hardware }: Plan): Omit<Installation, 'answerFile' | 'location'> {
  return {
    spec: { ...spec, origin: installOrigin(spec) },
    machine: { ...spec, hardware, domain, consoleLog: paths.consoleLog, nvram: paths.nvram },
    disk: paths.rawDisk,
    ...(readsSeedVolume(installOrigin(spec).answerFile.kind) ? { seedVolume: paths.seedVolume } : {}),
    ...(spec.files.length === 0 ? {} : { filesVolume: paths.filesVolume }),
    scratchDirectory: join(paths.workDir, 'virt-install'),
  };
}
