import { stageMaker, type StageHost as HostOf } from '../engine/stage.js';
import type { BuildState, Plan } from './build.js';

/** Makes a stage of an image's recipe: see `Stage`. */
export const stage = stageMaker<Plan, BuildState>();

export type StageHost = HostOf<BuildState>;
