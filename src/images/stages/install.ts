import { basename, join } from 'node:path';
import { joinRotated } from '../../machine/console-log.js';
import { Libvirt, virshCommand } from '../../machine/libvirt.js';
import { install as runInstallation } from '../../install/installation.js';
import { readsSeedVolume } from '../../answers/seed-volume.js';
import { virtInstallCommand, type Installation } from '../../install/virt-install.js';
import { maskFile } from '../../report/masked-file.js';
import { makeSearchable } from '../../host/searchable-directory.js';
import { left, type Build, type Plan } from '../build.js';
import { always, type Stage } from '../../engine/stage.js';
import { installerLocation } from './fetch.js';

/** The installation itself, in a virtual machine that is gone afterwards. */
export const install: Stage = {
  name: 'install',
  title: 'Installing',
  neededFor: always,
  commands(plan) {
    const { spec, domain, paths } = plan;
    const answerFile = join(paths.workDir, 'answer-file', basename(spec.origin.answerFile.path).replace(/\.hbs$/, ''));
    return [
      virtInstallCommand({ ...installation(plan), answerFile, location: installerLocation(spec) }),
      virshCommand(spec.connect, 'undefine', domain),
    ];
  },
  async run(build: Build) {
    const called = {
      ...installation(build),
      answerFile: left(build, 'answerFile'),
      location: left(build, 'installer'),
    };
    await makeSearchable(called.scratchDirectory);
    build.log.info(`The console of the installer goes to ${called.consoleLog}`);
    try {
      await runInstallation(build, new Libvirt(build, build.spec.connect), called, build.spec.timeout);
    } finally {
      // The kernel prints its arguments, and an installer what it likes.
      await joinRotated(called.consoleLog);
      await maskFile(called.consoleLog, build.secrets);
    }
  },
  inputs: ({ spec, state }) => [spec.append, spec.ram, spec.cores, spec.mac, spec.connect, state.netbootFiles],
};

function installation({ spec, paths, domain, virtType }: Plan): Omit<Installation, 'answerFile' | 'location'> {
  return {
    spec,
    domain,
    virtType,
    disk: paths.rawDisk,
    ...(readsSeedVolume(spec.origin.answerFile.kind) ? { seedVolume: paths.seedVolume } : {}),
    consoleLog: paths.consoleLog,
    scratchDirectory: join(paths.workDir, 'virt-install'),
  };
}
