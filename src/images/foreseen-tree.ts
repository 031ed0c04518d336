import { isDerived } from '../config/image-spec.js';
import type { Caller } from '../host/host.js';
import type { Plan } from './build.js';
import { derivationOf } from './derivation.js';

/** What a dry run tells of the tree of a derived image, a line each: the program itself makes it, by no command. */
export async function foreseenTree(
  caller: Caller,
  { spec, paths }: Pick<Plan, 'spec' | 'paths'>,
): Promise<readonly string[]> {
  if (!isDerived(spec)) return [];
  const image = `image: ${paths.image}`;
  const derivation = await derivationOf(caller, spec);
  if (derivation.state === 'fresh') {
    return [`tree: the layer ${derivation.node.layer}, which is there, of ${spec.storeDir}`, image];
  }
  const above = derivation.state === 'waits' ? derivation.parent : undefined;
  const unbuilt = above?.kind === 'unbuilt' ? [`parent: ${above.image} ${above.why}`] : [];
  const why = derivation.state === 'stale' ? `; what differs: ${derivation.differing.join(', ')}` : '';
  return [...unbuilt, `tree: a new layer of ${spec.storeDir}, derived from ${spec.origin.parent}${why}`, image];
}
