import { Failure } from '../../host/failure.js';
import type { Host } from '../../host/host.js';
import { hasKernel, nodeOf } from '../../nodes/call-worker.js';
import type { NodeRecord } from '../../nodes/record.js';
import { inputsOfImage, lastTreeOf, packageCacheOf, parentTreeOf } from '../derivation.js';
import { withLayout } from '../line.js';
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
  leaves: ['node', 'shape'],
  wants: ({ spec, parents, result }): Want | undefined => (isDerived(spec) ? { spec, parents, result } : undefined),
  programs: () => ['unshare', 'setpriv', 'mount', 'umount', 'getfattr', 'setfattr', 'sync', 'rm'],
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
    const node = await nodeOf(host, {
      ...{ kind: 'derive', store: spec.storeDir, image: spec.name, inputs },
      ...{ parent: parent.layer, frame: parent.frame },
      changes: spec.origin.changes,
      goldenExcept: spec.golden === 'fix' ? spec.goldenExcept : undefined,
      environment: { IMAGE: spec.name },
      cache: packageCacheOf(spec),
    });
    host.log.info(`The tree is the layer ${node.layer}`);
    return {
      node: withoutUndefined(node),
      shape: result === 'tree' ? 'none' : await shapeOf(host, withLayout(spec), node),
    };
  },
});

/** By what a disk is made of the tree. An image for containers is a tree alone, which is told. */
async function shapeOf(
  host: Host,
  { storeDir: store, layout }: DeriveSpec,
  { layer, frame }: NodeRecord,
): Promise<'frame' | 'layout' | 'none'> {
  if (frame !== undefined) return 'frame';
  if (layout !== undefined && (await hasKernel(host, { kind: 'kernel', store, layer }))) return 'layout';
  const why =
    layout === undefined
      ? "none of its ancestors was installed, so there is no partition table; the option 'layout' gives it one"
      : 'the tree has no kernel to start';
  host.log.warn(`No disk is made: ${why}. The image is its tree, and what 'bundles' makes of it`);
  return 'none';
}

/** As it comes back from the state file. */
function withoutUndefined(node: NodeRecord): NodeRecord {
  return JSON.parse(JSON.stringify(node)) as NodeRecord;
}
