import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bootRecords, isFurtherBootRecord } from '../../artifacts/table.js';
import { bootCommands, bootTest as boot, type BootTest } from '../../boot/boot-test.js';
import { sha256Of } from '../../host/digest.js';
import { Failure } from '../../host/failure.js';
import type { Host } from '../../host/host.js';
import { moveFile } from '../../host/move-file.js';
import { joinRotated } from '../../machine/console-log.js';
import { usualDevices } from '../../machine/devices.js';
import { firmwareNames, missingFirmware, type MachineFirmware } from '../../machine/firmware.js';
import { Libvirt } from '../../machine/libvirt.js';
import { maskFile } from '../../report/masked-file.js';
import { bootFirmwares, necessaryFirmwares } from '../boot-firmwares.js';
import { bootsOf, type Boot } from '../boots.js';
import type { Plan } from '../build.js';
import { stage } from '../stage.js';

/** Milliseconds that an image may take unless the section says otherwise; in software everything takes longer. */
const usualTimeout = { kvm: 5 * 60_000, qemu: 15 * 60_000 } as const;

/** Boots the finished image on each machine that it is for, and waits for what the section asks of it. */
export const bootTest = stage({
  name: 'boot-test',
  title: 'Booting the image',
  reads: ['image'],
  wants: (plan) => {
    const test = bootTestOf(plan);
    const { bootTestFirmware, bootTestDisk, bootTestNet, bootTestMachine, connect } = plan.spec;
    const asked = { bootTestDisk, bootTestNet, bootTestMachine };
    return (
      test && {
        ...{ test, asked, firmware: bootTestFirmware, connect },
        records: plan.paths,
        unproven: plan.paths.unproven,
        expected: bootsOf(asked, necessaryFirmwares(plan.spec)).map((each) => testBy(test, each, plan.paths)),
      }
    );
  },
  commands: ({ expected }) => expected.flatMap(bootCommands),
  // Not the timeout: how long the image may take does not decide what is tested.
  inputs: ({ test, asked, firmware }) => [test.demand, firmware, asked],
  async run(host, { test, asked, firmware: askedFirmware, connect, records, unproven }, { image, bootWays }) {
    const { architecture, firmware } = test.machine.hardware;
    const firmwares = present(host, bootFirmwares(askedFirmware, architecture, firmware, bootWays));
    const boots = bootsOf(asked, firmwares);
    await forgetFurtherBoots(records.bootLog);
    for (const [index, each] of boots.entries()) {
      const one = testBy(test, each, records);
      if (boots.length > 1) host.log.info(`Booting the image by ${each.title} (${index + 1} of ${boots.length})`);
      try {
        const seen = await boot(host, new Libvirt(host, connect), one);
        host.log.info(`The image boots by ${each.title}: ${seen}`);
        await expectUnchanged(host, one.image, image.sha256);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        const isUsual = boots.length === 1 && each.title === firmwareNames.bios;
        throw await keepUnproven(host, one, unproven, isUsual ? error : failureBy(boots, index, error));
      } finally {
        await joinRotated(one.machine.consoleLog);
        await maskFile(host, one.machine.consoleLog);
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

/** What further boots of an earlier build of the day have left: this one may make fewer. */
async function forgetFurtherBoots(bootLog: string): Promise<void> {
  const directory = dirname(bootLog);
  const earlier = (await readdir(directory)).filter((name) => isFurtherBootRecord(bootLog, name));
  for (const name of earlier) await rm(join(directory, name), { force: true });
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

/** Says how the image was booted, how it boots all the same, and what most often keeps it from booting from another disk. */
function failureBy(boots: readonly Boot[], index: number, failure: Failure): Failure {
  const { title, devices } = boots[index]!;
  const earlier = boots.slice(0, index).map((each) => each.title);
  const later = boots.slice(index + 1).map((each) => each.title);
  const hints = [
    failure.hint,
    devices.disk === usualDevices.disk ? undefined : driverHint,
    earlier.length === 0 ? undefined : `It boots by ${earlier.join(', ')}.`,
    later.length === 0 ? undefined : `Not tried: ${later.join(', ')}.`,
  ];
  return new Failure(`booting by ${title}: ${failure.message}`, {
    hint: hints.filter((hint) => hint !== undefined).join(' '),
    cause: failure,
  });
}

const driverHint =
  'If its initramfs lacks the driver of that disk, make one for all machines: hostonly="no" in dracut.conf, MODULES=most in initramfs.conf.';

/** The test by one boot, with files of its own. */
function testBy(test: BootTest, { firmware, devices, tag }: Boot, records: Plan['paths']): BootTest {
  const { machine } = test;
  const { bootLog, bootScreenshot } = bootRecords(records, tag);
  const hardware = { ...machine.hardware, firmware, devices };
  return { ...test, screenshot: bootScreenshot, machine: { ...machine, hardware, consoleLog: bootLog } };
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
