import { join } from 'node:path';
import { bootCommands, bootTest as boot, type BootTest } from '../../boot/boot-test.js';
import { moveFile } from '../../disk/move-file.js';
import { Failure } from '../../host/failure.js';
import { joinRotated } from '../../machine/console-log.js';
import { Libvirt } from '../../machine/libvirt.js';
import { sha256Of } from '../../host/digest.js';
import { maskFile } from '../../report/masked-file.js';
import { left, type Build, type Plan } from '../build.js';
import type { Stage } from '../../engine/stage.js';

/** Milliseconds that an image may take unless the section says otherwise; in software everything takes longer. */
const usualTimeout = { kvm: 5 * 60_000, qemu: 15 * 60_000 } as const;

/** Boots the finished image, and waits for what the section asks of it. */
export const bootTest: Stage = {
  name: 'boot-test',
  title: 'Booting the image',
  neededFor: ({ bootTest: { kind } }) => kind !== 'off',
  commands: (plan) => testsOf(plan).flatMap(bootCommands),
  async run(build) {
    for (const test of testsOf(build)) {
      try {
        const seen = await boot(build, new Libvirt(build, build.spec.connect), test);
        build.log.info(`The image boots: ${seen}`);
        await checkUnchanged(build);
      } catch (error) {
        throw error instanceof Failure ? await keepUnproven(build, error) : error;
      } finally {
        await joinRotated(build.paths.bootLog);
        await maskFile(build.paths.bootLog, build.secrets);
      }
    }
  },
  inputs: ({ spec }) => [spec.bootTest, spec.bootTimeout],
};

/** What was tested is what is published. */
async function checkUnchanged(build: Build): Promise<void> {
  const before = left(build, 'image').sha256;
  const after = await sha256Of(build, build.paths.candidate);
  if (after === before) return;
  throw new Failure(`the image changed while it was tested: its SHA-256 sum was ${before} and is ${after}`);
}

/** An hour's work is not thrown away; but nobody shall take it for an image. */
async function keepUnproven(build: Build, failure: Failure): Promise<Failure> {
  const { candidate, unproven, bootLog, bootScreenshot } = build.paths;
  await moveFile(build, candidate, unproven);
  const where = `The image is kept as ${unproven}; what it showed is in ${bootLog} and ${bootScreenshot}.`;
  return new Failure(failure.message, { hint: [failure.hint, where].filter(Boolean).join(' '), cause: failure });
}

/** One, or none. */
function testsOf({ spec, paths, bootDomain, virtType }: Plan): BootTest[] {
  const { bootTest: demand } = spec;
  if (demand.kind === 'off') return [];
  const test: BootTest = {
    machine: { ...spec, domain: bootDomain, virtType, consoleLog: paths.bootLog },
    image: paths.candidate,
    format: spec.format,
    overlay: paths.bootOverlay,
    screenshot: paths.bootScreenshot,
    scratchDirectory: join(paths.workDir, 'virt-install'),
    demand,
    timeout: spec.bootTimeout ?? usualTimeout[virtType],
  };
  return [test];
}
