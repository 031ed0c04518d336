import type { ImageSpec } from '../config/image-spec.js';
import { UsageError } from '../host/failure.js';
import { canSearch, qemuAccount } from '../machine/qemu-access.js';
import { detectAcceleration, type VirtType } from '../machine/acceleration.js';
import { buildPaths, type Plan } from './build.js';
import { domainName } from './machine-names.js';

/** What a build of this image will do on this machine. Looks, and touches nothing. */
export async function planBuild(spec: ImageSpec): Promise<Plan> {
  const paths = buildPaths(spec, qemuReaches(spec) ? 'output' : 'libvirt');
  return {
    spec,
    paths,
    domain: domainName(spec.baseName, paths.workDir, 'raw'),
    bootDomain: domainName(spec.baseName, paths.workDir, 'boot'),
    virtType: await virtTypeFor(spec),
    sourceDate: sourceDate(process.env.SOURCE_DATE_EPOCH),
  };
}

/** https://reproducible-builds.org/specs/source-date-epoch/: seconds since 1970. */
function sourceDate(epoch: string | undefined): number | undefined {
  if (epoch === undefined || epoch === '') return undefined;
  if (!/^\d{1,12}$/.test(epoch)) throw new UsageError([`SOURCE_DATE_EPOCH=${epoch}: expected seconds since 1970`]);
  return Number(epoch) * 1000;
}

async function virtTypeFor({ virtType }: ImageSpec): Promise<VirtType> {
  return virtType === 'auto' ? (await detectAcceleration()).virtType : virtType;
}

/** As root, libvirt runs QEMU as a user of its own, who may not be able to reach the output directory. */
function qemuReaches({ name, connect, outputDir }: ImageSpec): boolean {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && !connect.endsWith('/system')) return true;
  const account = qemuAccount();
  if (account === undefined || canSearch(account, outputDir)) return true;
  if (isRoot) return false;
  throw new UsageError([
    `[${name}] output-dir = ${outputDir}: with the connection ${connect} QEMU runs as a user of its own, who can't search this directory; choose another output-dir, or qemu:///session`,
  ]);
}
