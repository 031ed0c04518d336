import { programs, type ProgramName } from '../host/programs.js';
import type { Plan } from './build.js';
import type { Stage } from '../engine/stage.js';

/** What no stage calls itself: virt-install and libvirt do, and the locks. */
const everyBuild: readonly ProgramName[] = ['cpio', 'flock', 'qemu-system-x86_64'];

/** The programs that a build will call, as far as they are known before. */
export function calledPrograms(plan: Plan, stages: readonly Stage[]): ProgramName[] {
  const called = stages.filter((stage) => stage.neededFor(plan.spec)).flatMap((stage) => stage.commands(plan));
  return [...new Set([...everyBuild, ...called.map(({ file }) => file)])].filter((file): file is ProgramName =>
    Object.hasOwn(programs, file),
  );
}
