import { startsMachines, type ImageSpec } from '../config/image-spec.js';
import { UsageError } from '../host/failure.js';
import { sourceDateEpoch } from '../host/source-date.js';
import { canSearch, qemuAccount } from '../machine/qemu-access.js';
import { usualDevices } from '../machine/devices.js';
import { detectAcceleration } from '../machine/acceleration.js';
import type { Hardware } from '../machine/virtual-machine.js';
import { buildPaths, type Plan } from './build.js';
import { domainName } from './machine-names.js';

/** Plans a build of this image on this machine. Changes nothing. */
export async function planBuild(
  spec: ImageSpec,
  { parents = 'fresh', packages, result = 'disk' }: Partial<Pick<Plan, 'parents' | 'packages' | 'result'>> = {},
): Promise<Plan> {
  if (result === 'disk' && startsMachines(spec)) expectOwnConnection(spec);
  const paths = buildPaths(spec, result === 'tree' || qemuReaches(spec) ? 'output' : 'libvirt', result);
  return {
    spec,
    parents,
    paths,
    domain: domainName(spec.baseName, paths.workDir, 'raw'),
    bootDomain: domainName(spec.baseName, paths.workDir, 'boot'),
    hardware: await hardwareFor(spec),
    sourceDate: milliseconds(sourceDateEpoch()),
    packages,
    result,
  };
}

const milliseconds = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1000);

async function hardwareFor({ arch, firmware, virtType, cores, ram, mac }: ImageSpec): Promise<Hardware> {
  return {
    ...{ architecture: arch, firmware, devices: usualDevices },
    virtType: virtType === 'auto' ? (await detectAcceleration(arch)).virtType : virtType,
    cores,
    ram,
    mac,
  };
}

/** As root, libvirt runs QEMU as a user of its own, who may not be able to reach the output directory. */
function qemuReaches(spec: ImageSpec): boolean {
  if (process.getuid?.() !== 0 || !startsMachines(spec)) return true;
  const account = qemuAccount();
  return account === undefined || canSearch(account, spec.outputDir);
}

/**
 * In system mode, libvirt's daemons make the console log as root, readable by no one else, and keep the disk: a normal
 * user would install for an hour without seeing how, and could not read the result.
 *
 * @throws UsageError for such a connection
 */
export function expectOwnConnection(
  { name, connect }: Pick<ImageSpec, 'name' | 'connect'>,
  uid = process.getuid?.(),
): void {
  if (uid === 0 || !/\/system(\?|$)/.test(connect)) return;
  throw new UsageError([
    `[${name}] connect = ${connect}: in libvirt's system mode, console log and disk belong to root, so a normal user can't read them; use qemu:///session, or build as root`,
  ]);
}
