import { join } from 'node:path';
import { bootCommands, bootTest as boot, type BootTest } from '../../boot/boot-test.js';
import { sha256Of } from '../../host/digest.js';
import { Failure } from '../../host/failure.js';
import type { Host } from '../../host/host.js';
import { moveFile } from '../../host/move-file.js';
import { joinRotated } from '../../machine/console-log.js';
import { firmwareNames, missingFirmware, type MachineFirmware } from '../../machine/firmware.js';
import { Libvirt } from '../../machine/libvirt.js';
import { maskFile } from '../../report/masked-file.js';
import { bootFirmwares, necessaryFirmwares } from '../boot-firmwares.js';
import type { Plan } from '../build.js';
import { stage } from '../stage.js';

/** Milliseconds that an image may take unless the section says otherwise; in software everything takes longer. */
const usualTimeout = { kvm: 5 * 60_000, qemu: 15 * 60_000 } as const;

/** Boots the finished image with each firmware that it is for, and waits for what the section asks of it. */
export const bootTest = stage({
  name: 'boot-test',
  title: 'Booting the image',
  reads: ['image'],
  wants: (plan) => {
    const test = bootTestOf(plan);
    const { spec, paths } = plan;
    return (
      test && {
        test,
        asked: spec.bootTestFirmware,
        connect: spec.connect,
        unproven: paths.unproven,
        second: { log: paths.uefiBootLog, screenshot: paths.uefiBootScreenshot },
        expected: necessaryFirmwares(spec).map((firmware) => withFirmware(test, firmware)),
      }
    );
  },
  commands: ({ expected }) => expected.flatMap(bootCommands),
  // Not the timeout: how long the image may take does not decide what is tested.
  inputs: ({ test, asked }) => [test.demand, asked],
  async run(host, { test, asked, connect, unproven, second }, { image, bootWays }) {
    const { architecture, firmware } = test.machine.hardware;
    const firmwares = present(host, bootFirmwares(asked, architecture, firmware, bootWays));
    const tests = firmwares.map((each, index) => ({
      ...withFirmware(test, each),
      ...(index === 0 ? {} : { screenshot: second.screenshot }),
      machine: { ...withFirmware(test, each).machine, ...(index === 0 ? {} : { consoleLog: second.log }) },
    }));
    for (const each of tests) {
      const { consoleLog, hardware } = each.machine;
      const by = firmwareNames[hardware.firmware.name];
      if (tests.length > 1) host.log.info(`Booting the image by ${by}`);
      try {
        const seen = await boot(host, new Libvirt(host, connect), each);
        host.log.info(`The image boots by ${by}: ${seen}`);
        await expectUnchanged(host, each.image, image.sha256);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        const isUsual = tests.length === 1 && hardware.firmware.name === 'bios';
        throw await keepUnproven(host, each, unproven, isUsual ? error : failureBy(by, error));
      } finally {
        await joinRotated(consoleLog);
        await maskFile(host, consoleLog);
      }
    }
  },
});

/** Those that are here. Where one is missing, the image is proven by the others; the log says so. */
function present(host: Host, firmwares: readonly MachineFirmware[]): readonly MachineFirmware[] {
  const here = firmwares.filter((firmware) => missingFirmware(firmware) === undefined);
  if (here.length === 0) return firmwares;
  for (const firmware of firmwares) {
    const missing = missingFirmware(firmware);
    if (missing === undefined) continue;
    host.log.warn(
      `The image also boots by ${firmwareNames[firmware.name]}, which is not tested: there is no ${missing.file}; install ${missing.package}`,
    );
  }
  return here;
}

/** Verifies that the tested image is the one that is published. */
async function expectUnchanged(host: Host, image: string, before: string): Promise<void> {
  const after = await sha256Of(host, image);
  if (after === before) return;
  throw new Failure(`the image changed during the boot test: its SHA-256 sum was ${before}, now it is ${after}`);
}

/** Keeps the failed image under a name that no program mistakes for an image. Never hides why the test failed. */
async function keepUnproven(
  host: Host,
  { image, machine, screenshot }: BootTest,
  unproven: string,
  failure: Failure,
): Promise<Failure> {
  const kept = await moveFile(host, image, unproven).then(
    () => `The image is kept as ${unproven}`,
    (error: Error) => `The image could not be kept as ${unproven}: ${error.message}`,
  );
  const where = `${kept}; what it showed is in ${machine.consoleLog} and ${screenshot}.`;
  return new Failure(failure.message, { hint: [failure.hint, where].filter(Boolean).join(' '), cause: failure });
}

function failureBy(by: string, failure: Failure): Failure {
  return new Failure(`booting by ${by}: ${failure.message}`, { hint: failure.hint, cause: failure });
}

function withFirmware(test: BootTest, firmware: MachineFirmware): BootTest {
  const { machine } = test;
  return { ...test, machine: { ...machine, hardware: { ...machine.hardware, firmware } } };
}

/** The boot test of the finished image, by the firmware of the installation; undefined where there is none. */
export function bootTestOf({ spec, paths, bootDomain, hardware }: Plan): BootTest | undefined {
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
