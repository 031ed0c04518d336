import { isBootstrapped, isDerived, type DeriveSpec } from '../config/image-spec.js';
import { reasonOf } from '../host/errno.js';
import { elementsNotFound } from '../elements/resolve.js';
import { Failure, UsageError } from '../host/failure.js';
import type { Caller } from '../host/host.js';
import { parentTreeOf } from '../images/derivation.js';
import { expectImportable } from '../layers/import/expect-importable.js';
import { builderArchitecture } from '../machine/acceleration.js';
import { expectScript } from '../nodes/inputs.js';
import { whyNoNamespaces } from '../sandbox/enter.js';
import { whyNotEmulated } from '../sandbox/program-emulation.js';
import { deriveWays } from './derive-ways.js';
import {
  error,
  foreseen,
  mayBeMade,
  placeOf,
  warning,
  type Check,
  type CheckFinding,
  type Subject,
} from './subject.js';

/** Whether the tree of an image can be made here: what runs programs in it, and of a derived one its parent and scripts. */
export const derivationCheck: Check = async (subject) => {
  const { spec, host } = subject;
  if (isBootstrapped(spec)) {
    const why = builderArchitecture() === spec.arch ? undefined : await whyNotEmulated(host, spec.arch);
    const foreign = why === undefined ? [] : [error(`${placeOf(subject, 'arch')}: ${why}`)];
    const closed = await whyNotOfPackages(host);
    return closed === undefined ? foreign : [...foreign, error(`${placeOf(subject, 'group')}: ${closed}`)];
  }
  if (!isDerived(spec)) return [];
  const findings: CheckFinding[] = [];
  for (const script of spec.origin.changes.run) {
    const why = unreadable(script);
    if (why === undefined) continue;
    const message = `${placeOf(subject, 'run')}: can't read ${script}: ${why}`;
    findings.push(mayBeMade(subject) ? warning(`${message}, unless pre-build-command makes it`) : error(message));
  }
  const isForeign = builderArchitecture() !== spec.arch;
  if (isForeign && spec.origin.in === 'vm') {
    const why = `no virtual machine of ours runs programs of ${spec.arch.name} on this machine; use 'namespace'`;
    findings.push(error(`${placeOf(subject, 'derive-in')}: ${why}`));
  }
  const foreign = isForeign && spec.origin.in !== 'vm' ? await whyNotEmulated(host, spec.arch) : undefined;
  if (foreign !== undefined) findings.push(error(`${placeOf(subject, 'arch')}: ${foreign}`));
  findings.push(...unknownElements(subject, spec), ...(await closedWay(subject, spec)));
  findings.push(...(await parentFindings(subject, spec)));
  return findings;
};

async function parentFindings(subject: Subject, spec: DeriveSpec): Promise<CheckFinding[]> {
  // Where there is no parent, the message has its place.
  let place = '';
  try {
    const parent = await parentTreeOf(subject.host, spec);
    if (parent.kind !== 'job' || parent.job.kind !== 'import') return [];
    place = `${placeOf(subject, 'parent')}: `;
    await expectImportable(subject.host, parent.job.file);
    return [];
  } catch (caught) {
    if (!(caught instanceof Failure)) throw caught;
    return [foreseen(caught, place)];
  }
}

/** Those that elements depend on may come with the parent, which the build knows. */
function unknownElements(subject: Subject, { origin }: DeriveSpec): CheckFinding[] {
  const { elements, elementPath } = origin.changes;
  if (elements.length === 0) return [];
  const problems = [];
  try {
    problems.push(...elementsNotFound(elements, elementPath).map((why) => `${placeOf(subject, 'elements')}: ${why}`));
  } catch (caught) {
    if (!(caught instanceof UsageError)) throw caught;
    problems.push(...caught.problems.map((why) => `${placeOf(subject, 'element-path')}: ${why}`));
  }
  if (!mayBeMade(subject)) return problems.map(error);
  return problems.map((problem) => warning(`${problem}, unless pre-build-command makes it`));
}

function unreadable(path: string): string | undefined {
  try {
    expectScript(path);
    return undefined;
  } catch (caught) {
    return reasonOf(caught);
  }
}

/**
 * Trees of packages are made in namespaces only: no virtual machine of ours has what installs them.
 *
 * @returns why no image can be made of packages here, and what helps; undefined if it can
 */
export async function whyNotOfPackages(caller: Caller): Promise<string | undefined> {
  const closed = await whyNoNamespaces(caller);
  if (closed === undefined) return undefined;
  const what = `a system can't be made of packages here: ${closed.what}`;
  return `${what}, and no virtual machine does this work; ${closed.fix}`;
}

/** The way that the section names, or any where it names none. */
async function closedWay(subject: Subject, { name, origin }: DeriveSpec): Promise<CheckFinding[]> {
  // What else is open, only a message tells.
  if (origin.in !== 'vm' && (await whyNoNamespaces(subject.host)) === undefined) return [];
  const ways = await deriveWays(subject.host);
  const wanted = ways.filter(({ way }) => origin.in === undefined || origin.in === way);
  if (wanted.some(({ open }) => open)) return [];
  const reasons = wanted.map(({ way, why = '' }) => (origin.in === way ? why : `'derive-in = ${way}': ${why}`));
  const place = origin.in === undefined ? `[${name}]` : `${placeOf(subject, 'derive-in')}:`;
  const other = ways.find(({ open }) => open);
  const advice =
    other === undefined
      ? "'image-factory doctor' says what to do"
      : `'derive-in = ${other.way}' works here${other.why === undefined ? '' : ` (${other.why})`}`;
  return [error(`${place} ${reasons.join('; ')}; ${advice}`)];
}
