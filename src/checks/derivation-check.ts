import { accessSync, constants, existsSync } from 'node:fs';
import { isDerived } from '../config/image-spec.js';
import { reasonOf } from '../host/errno.js';
import { Failure } from '../host/failure.js';
import { parentTreeOf } from '../images/derivation.js';
import { builderArchitecture } from '../machine/acceleration.js';
import { whyNoNamespaces } from '../sandbox/enter.js';
import { error, mayBeMade, placeOf, warning, type Check, type CheckFinding } from './subject.js';

/** Whether the tree of a derived image can be made here: its parent, its scripts, and what runs programs in it. */
export const derivationCheck: Check = async (subject) => {
  const { spec, host } = subject;
  if (!isDerived(spec)) return [];
  const findings: CheckFinding[] = [];
  if (spec.origin.in === 'vm') {
    findings.push(error(`${placeOf(subject, 'derive-in')}: virtual machines can't do it yet; use 'namespace'`));
  }
  for (const script of spec.origin.changes.run) {
    const why = unreadable(script);
    if (why === undefined) continue;
    const message = `${placeOf(subject, 'run')}: can't read ${script}: ${why}`;
    findings.push(mayBeMade(subject) ? warning(`${message}, unless pre-build-command makes it`) : error(message));
  }
  const foreign = foreignArchitecture(spec.arch.name);
  if (foreign !== undefined) findings.push(error(`${placeOf(subject, 'arch')}: ${foreign}`));
  const closed = await whyNoNamespaces(host);
  if (closed !== undefined) findings.push(error(`[${spec.name}] parent: ${closed.what}. ${closed.fix}`));
  try {
    await parentTreeOf(host, spec);
  } catch (caught) {
    if (!(caught instanceof Failure)) throw caught;
    findings.push(error([caught.message, caught.hint].filter(Boolean).join('; ')));
  }
  return findings;
};

function unreadable(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK);
    return undefined;
  } catch (caught) {
    return reasonOf(caught);
  }
}

/** Why programs of an architecture can't run here; undefined where the processor or the kernel's binfmt_misc runs them. */
function foreignArchitecture(name: string): string | undefined {
  const here = builderArchitecture();
  if (here?.name === name || existsSync(`/proc/sys/fs/binfmt_misc/qemu-${name}`)) return undefined;
  return `this machine runs no programs of ${name}, and so can't change a tree of them; install qemu-user-static, which needs binfmt_misc in the kernel, or build it on such a machine`;
}
