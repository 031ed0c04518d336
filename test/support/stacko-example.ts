/** The example of Stacko's README, word for word. */
export const stackoExample = `
# create and populate a new image 'foundation-libs0.1'
stacko new-image foundation-libs0.1
stacko edit-image foundation-libs0.1
   ...<head to the mount directory and add/edit contents>
stacko close-image foundation-libs0.1

# create another image 'apps-1.0' which "stacks" on image 'foundation-libs0.1'
stacko new-image apps-1.0 foundation-libs0.1
stacko edit-image apps-1.0
   ...<head to the mount directory and add/edit contents>
stacko close-image apps-1.0

# create a stackpoint named 'system1fs'. This automatically creates a new instance
# of the 'apps-1.0' image
stacko new-stackpoint system1fs apps-1.0

# mount the 'system1fs' for usage...
stacko mount-stackpoint system1fs

<reboot>
# This is all you need to do to use this stack again!
stacko mount-stackpoint system1fs

...

# Time to upgrade to another version of the application
stacko new-image apps-2.0 foundation-libs0.1
<populate it as before>...

# Use this new image as a new instance for the 'system1fs' stackpoint:
stacko cutover-stackpoint system1fs apps-2.0

# Oh no! something is wrong and you need to go back to the previous instance used
# (this includes all changes made in the CoW layer)
stacko fallback-stackpoint system1fs
`;

/** Where the example is carried out. */
export interface Place {
  /** Runs Stacko, which must succeed. @returns what it prints */
  readonly stacko: (words: readonly string[]) => Promise<string>;
  /** Writes a line to a file. */
  readonly write: (file: string, line: string) => Promise<void>;
  /** Starts the machine again, without its mounts and processes. */
  readonly reboot: () => Promise<void>;
}

/**
 * Carries out the example line by line. What it leaves to its reader is done as it says: each layer gets a file of its
 * name, and something is changed in the stackpoint before the machine starts again.
 *
 * @returns where the stackpoint is mounted in the end
 */
export async function carryOut({ stacko, write, reboot }: Place): Promise<string> {
  let [mountPoint, image] = ['', ''];
  const say = async (words: readonly string[]) => {
    mountPoint = /^mount-point='(.*)'$/m.exec(await stacko(words))?.[1] ?? mountPoint;
  };
  for (const line of stackoExample.split('\n')) {
    const words = /^stacko (.*)$/.exec(line)?.[1]?.split(' ');
    if (words !== undefined) {
      if (words[0] === 'edit-image') image = words[1] ?? '';
      await say(words);
    } else if (line.startsWith('   ...<head')) {
      await write(`${mountPoint}/${image.startsWith('apps') ? 'app' : 'lib'}`, image);
    } else if (line === '<reboot>') {
      await write(`${mountPoint}/changed`, 'in the copy-on-write layer');
      await reboot();
    } else if (line.startsWith('<populate it as before>')) {
      await say(['edit-image', 'apps-2.0']);
      await write(`${mountPoint}/app`, 'apps-2.0');
      await say(['close-image', 'apps-2.0']);
    }
  }
  return mountPoint;
}
