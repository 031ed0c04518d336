import type { ImageSpec } from '../config/image-spec.js';
import type { Command } from '../host/host.js';
import type { Build, Plan } from '../images/build.js';

/**
 * A named step of a build. It reads the spec and what earlier stages left, never INI, argv or environment, and calls no
 * other stage. What it takes from the machine it registers with `build.release` at that moment.
 */
export interface Stage {
  readonly name: string;
  /** What happens, for people: 'Installing'. */
  readonly title: string;
  /** Whether an image asks for it at all. */
  readonly neededFor: (spec: ImageSpec) => boolean;
  /** The commands that `run` will call, as far as they can be known before; nothing is touched. */
  commands(plan: Plan): Command[];
  run(build: Build): Promise<void>;
  /**
   * What the section asks of `run`, as plain data: where this changes, a build that resumes begins again here. Not what
   * only says how long, how loud or where from something is done.
   */
  inputs(build: Build): unknown;
}

export const always = (): boolean => true;
