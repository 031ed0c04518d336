import { join } from 'node:path';
import { bootCommands, bootTest as boot, type BootTest } from '../../boot/boot-test.js';
import { sha256Of } from '../../host/digest.js';
import { Failure } from '../../host/failure.js';
import type { Host } from '../../host/host.js';
import { moveFile } from '../../host/move-file.js';
import { joinRotated } from '../../machine/console-log.js';
import { Libvirt } from '../../machine/libvirt.js';
import { maskFile } from '../../report/masked-file.js';
import type { Plan } from '../build.js';
import { stage } from '../stage.js';

/** Milliseconds that an image may take unless the section says otherwise; in software everything takes longer. */
const usualTimeout = { kvm: 5 * 60_000, qemu: 15 * 60_000 } as const;

/** Boots the finished image, and waits for what the section asks of it. */
export const bootTest = stage({
  name: 'boot-test',
  title: 'Booting the image',
  reads: ['image'],
  wants: (plan) => {
    const test = testOf(plan);
    const { spec, paths } = plan;
    return test && { test, connect: spec.connect, log: paths.bootLog, unproven: paths.unproven };
  },
  commands: ({ test }) => bootCommands(test),
  // Not the timeout: how long the image may take does not decide what is tested.
  inputs: ({ test }) => [test.demand],
  async run(host, { test, connect, log, unproven }, { image }) {
    try {
      const seen = await boot(host, new Libvirt(host, connect), test);
      host.log.info(`The image boots: ${seen}`);
      await expectUnchanged(host, test.image, image.sha256);
    } catch (error) {
      throw error instanceof Failure ? await keepUnproven(host, test, unproven, error) : error;
    } finally {
      await joinRotated(log);
      await maskFile(host, log);
    }
  },
});

/** Verifies that the tested image is the one that is published. */
async function expectUnchanged(host: Host, image: string, before: string): Promise<void> {
  const after = await sha256Of(host, image);
  if (after === before) return;
  throw new Failure(`the image changed during the boot test: its SHA-256 sum was ${before}, now it is ${after}`);
}

/** Keeps the failed image under a name that no program mistakes for an image. Never hides why the test failed. */
async function keepUnproven(host: Host, test: BootTest, unproven: string, failure: Failure): Promise<Failure> {
  const { image, machine, screenshot } = test;
  const kept = await moveFile(host, image, unproven).then(
    () => `The image is kept as ${unproven}`,
    (error: Error) => `The image could not be kept as ${unproven}: ${error.message}`,
  );
  const where = `${kept}; what it showed is in ${machine.consoleLog} and ${screenshot}.`;
  return new Failure(failure.message, { hint: [failure.hint, where].filter(Boolean).join(' '), cause: failure });
}

function testOf({ spec, paths, bootDomain, hardware }: Plan): BootTest | undefined {
  const { bootTest: demand } = spec;
  if (demand.kind === 'off') return undefined;
  return {
    machine: { ...spec, hardware, domain: bootDomain, consoleLog: paths.bootLog, nvram: paths.bootNvram },
    image: paths.candidate,
    format: spec.format,
    overlay: paths.bootOverlay,
    screenshot: paths.bootScreenshot,
    scratchDirectory: join(paths.workDir, 'virt-install'),
    demand,
    timeout: spec.bootTimeout ?? usualTimeout[hardware.virtType],
  };
}
