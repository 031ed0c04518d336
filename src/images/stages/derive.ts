import { Failure } from '../../host/failure.js';
import type { Host } from '../../host/host.js';
import { hasKernel, nodeOf } from '../../nodes/call-worker.js';
import { guestMachine, usualPatience, type GuestMachine } from '../../guest/emulator.js';
import { programsForGuests } from '../../guest/programs.js';
import { detectAcceleration } from '../../machine/acceleration.js';
import type { NodeRecord } from '../../nodes/record.js';
import { inFrame, inputsOfImage, lastTreeOf, packageCacheOf, parentTreeOf } from '../derivation.js';
import { foreignOf } from '../foreign-architecture.js';
import { stage } from '../stage.js';
import type { DeriveSpec } from '../../config/image-spec.js';
import { isDerived } from '../../config/image-spec.js';
import type { Plan } from '../build.js';

/** What trees are unpacked to and changed by: bytes, for a small system. */
const smallTree = 512 * 2 ** 20;

interface Want {
  readonly spec: DeriveSpec;
  readonly parents: Plan['parents'];
  readonly result: Plan['result'];
}

/** The tree of a derived image, in the store: its parent's, changed, cleaned and frozen. */
export const derive = stage({
  name: 'derive',
  title: 'Deriving the tree',
  leaves: ['node'],
  wants: ({ spec, parents, result }): Want | undefined => (isDerived(spec) ? { spec, parents, result } : undefined),
  programs: ({ spec }) => [
    ...(['unshare', 'setpriv', 'mount', 'umount', 'getfattr', 'setfattr', 'sync', 'rm'] as const),
    ...(spec.origin.in === 'vm' ? ([...programsForGuests, spec.arch.emulator] as const) : []),
  ],
  space: ({ spec }) => [{ what: 'the tree', directory: spec.storeDir, least: 0, most: smallTree }],
  async run(host, { spec, parents, result }) {
    const tree = await (parents === 'as they are' ? lastTreeOf : parentTreeOf)(host, spec);
    if (tree.kind === 'unbuilt') {
      throw new Failure(`its parent ${tree.image} ${tree.why}`, {
        hint: `Build it first: image-factory ${tree.image}`,
      });
    }
    const parent = tree.kind === 'job' ? await nodeOf(host, tree.job) : tree;
    const inputs = await inputsOfImage(spec, parent.contentId);
    const made = await nodeOf(host, {
      ...{ kind: 'derive', store: spec.storeDir, image: spec.name, inputs },
      ...{ parent: parent.layer, frame: parent.frame },
      changes: spec.origin.changes,
      foreign: foreignOf(spec.arch),
      guest: spec.origin.in === 'vm' ? await guestOf(spec) : undefined,
      goldenExcept: spec.golden === 'fix' ? spec.goldenExcept : undefined,
      environment: { IMAGE: spec.name },
      cache: packageCacheOf(spec),
    });
    const node = inFrame(made, parent.frame);
    host.log.info(`The tree is the layer ${node.layer}`);
    if (result === 'disk') await expectKernel(host, spec, node);
    else host.log.info("No disk is made: the image has no kernel, or neither an installed ancestor nor a 'layout'");
    return { node: withoutUndefined(node) };
  },
});

/** @throws Failure for a tree of which no disk can be made that starts */
async function expectKernel(host: Host, { name, storeDir: store }: DeriveSpec, { layer, frame }: NodeRecord) {
  if (frame !== undefined || (await hasKernel(host, { kind: 'kernel', store, layer }))) return;
  throw new Failure(`the tree of ${name} has no kernel, so no disk can be made of it that boots`, {
    hint: `'options = !kernel' in [${name}] makes an archive of it; 'packages' can bring a kernel, such as linux-image-amd64.`,
  });
}

/** The virtual machine in which the changes are made. */
async function guestOf({ arch, virtType, cores, ram, bootTimeout }: DeriveSpec): Promise<GuestMachine> {
  const type = virtType === 'auto' ? (await detectAcceleration(arch)).virtType : virtType;
  return guestMachine(arch, { virtType: type, cores, ram, patience: bootTimeout ?? usualPatience });
}

/** As it comes back from the state file. */
function withoutUndefined(node: NodeRecord): NodeRecord {
  return JSON.parse(JSON.stringify(node)) as NodeRecord;
}
