import type { Origin } from '../config/image-spec.js';
import type { Bindable } from '../engine/stage.js';
import { compose, type Recipe } from '../engine/recipe.js';
import type { BuildState, Plan } from './build.js';
import { archive } from './stages/archive.js';
import { bootTest } from './stages/boot-test.js';
import { bootstrap } from './stages/bootstrap.js';
import { bundle } from './stages/bundle.js';
import { check } from './stages/check.js';
import { checkLock } from './stages/check-lock.js';
import { checksum } from './stages/checksum.js';
import { clean } from './stages/clean.js';
import { convert } from './stages/convert.js';
import { create } from './stages/create.js';
import { derive } from './stages/derive.js';
import { disk } from './stages/disk.js';
import { fetch, fillCache } from './stages/fetch.js';
import { finish } from './stages/finish.js';
import { postBuildHook, preBuildHook } from './stages/hooks.js';
import { install } from './stages/install.js';
import { inventory } from './stages/inventory.js';
import { inventoryOfTree } from './stages/inventory-of-tree.js';
import { manifest } from './stages/manifest.js';
import { noteNode } from './stages/note-finished.js';
import { promote, type PromotedImage } from './stages/promote.js';
import { provenance } from './stages/provenance.js';
import { repository } from './stages/repository.js';
import { render } from './stages/render.js';
import { sbom } from './stages/sbom.js';
import { serve } from './stages/serve.js';
import { sign } from './stages/sign.js';
import { upload } from './stages/upload.js';
import { zerofree } from './stages/zerofree.js';

type ImageStage = Bindable<Plan, BuildState>;

/** From a clean disk to the image under its final name. */
const finishing: readonly ImageStage[] = [check, inventory, checkLock, convert, checksum, bootTest, finish];

/** What is said of the image, and where it goes. */
const publishing: readonly ImageStage[] = [bundle, sbom, manifest, provenance, sign, upload, postBuildHook];

/** The stages of an image by its origin, in order. */
export const recipes: Readonly<Record<Origin['kind'], readonly ImageStage[]>> = {
  install: [
    ...[preBuildHook, serve, repository, render, fetch, create, install, clean, zerofree],
    ...finishing,
    ...publishing,
  ],
  // Its file systems are new, and the tree was clean before: what no file uses reads as zeros.
  derive: [preBuildHook, derive, disk, clean, ...finishing, ...publishing, noteNode],
  bootstrap: [preBuildHook, bootstrap, disk, clean, ...finishing, ...publishing, noteNode],
};

/** From a tree to the image that is an archive of it. */
const archived: readonly ImageStage[] = [
  inventoryOfTree,
  checkLock,
  archive,
  checksum,
  finish,
  ...publishing,
  noteNode,
];

/** The stages of an image that is no disk. */
export const recipesOfTrees: Readonly<Record<Exclude<Origin['kind'], 'install'>, readonly ImageStage[]>> = {
  derive: [preBuildHook, derive, ...archived],
  bootstrap: [preBuildHook, bootstrap, ...archived],
};

/** What a build of this plan runs. */
export function buildRecipe(plan: Plan): Recipe<BuildState> {
  const { kind } = plan.spec.origin;
  return compose(plan, plan.result === 'tree' && kind !== 'install' ? recipesOfTrees[kind] : recipes[kind]);
}

/** What gives a finished image another name. */
export function promotionRecipe(plan: Plan, from: PromotedImage, lockFile: string): Recipe<BuildState> {
  return compose(plan, [promote(from, lockFile), sign, upload, postBuildHook]);
}

/** What fills the netboot cache. */
export function fetchRecipe(plan: Plan): Recipe<BuildState> {
  return compose(plan, [preBuildHook, fillCache]);
}
