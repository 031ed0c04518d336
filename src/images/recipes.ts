import type { Stage } from '../engine/stage.js';
import { bootTest } from './stages/boot-test.js';
import { checksum } from './stages/checksum.js';
import { clean } from './stages/clean.js';
import { convert } from './stages/convert.js';
import { create } from './stages/create.js';
import { fetch } from './stages/fetch.js';
import { finish } from './stages/finish.js';
import { install } from './stages/install.js';
import { inventory } from './stages/inventory.js';
import { manifest } from './stages/manifest.js';
import { provenance } from './stages/provenance.js';
import { sbom } from './stages/sbom.js';
import { sign } from './stages/sign.js';
import { postBuildHook, preBuildHook } from './stages/hooks.js';
import { render } from './stages/render.js';
import { serve } from './stages/serve.js';
import { upload } from './stages/upload.js';
import { zerofree } from './stages/zerofree.js';

/** The stages of a build, in order. */
export const stages: readonly Stage[] = [
  preBuildHook,
  serve,
  render,
  fetch,
  create,
  install,
  clean,
  zerofree,
  inventory,
  convert,
  checksum,
  bootTest,
  finish,
  sbom,
  manifest,
  provenance,
  sign,
  upload,
  postBuildHook,
];

/** The stages that fill the netboot cache. */
export const fetchStages: readonly Stage[] = [preBuildHook, fetch];
