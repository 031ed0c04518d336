import type { Command } from 'commander';
import type { HeldFlags } from './held-command.js';
import { chroot, verb } from './layer-commands.js';
import type { StoreFlags } from './store-session.js';

const code = () => import('./stackpoint.js');

/** Adds the commands for stackpoints. Their code is loaded when one runs. */
export function addStackpointCommands(stackpoint: Command): void {
  const point = (name: string, description: string) =>
    verb(stackpoint, name, description).argument('<point>', 'the stackpoint');
  point('new', 'make a stackpoint that shows a new instance of a layer')
    .argument('<layer>', 'a closed layer')
    .action(async (name: string, layer: string, flags: StoreFlags) => (await code()).newOne(name, layer, flags));
  verb(stackpoint, 'list', 'list the stackpoints, and what each shows').action(async (flags: StoreFlags) =>
    (await code()).list(flags),
  );
  point('show', 'show a stackpoint, and everything that it has shown').action(async (name: string, flags: StoreFlags) =>
    (await code()).show(name, flags),
  );
  point('delete', 'delete a stackpoint with all its instances').action(async (name: string, flags: StoreFlags) =>
    (await code()).remove(name, flags),
  );
  verb(stackpoint, 'mount', 'mount what a stackpoint shows, for all to see (as root); prints the directory')
    .argument('[point]', 'the stackpoint')
    .option('--all', 'all stackpoints')
    .action(async (name: string | undefined, flags: StoreFlags & { all?: boolean }) =>
      (await code()).mount(name, flags),
    );
  point('umount', 'unmount a stackpoint (as root)').action(async (name: string, flags: StoreFlags) =>
    (await code()).umount(name, flags),
  );
  point('dir', 'print the directory that always leads to the current instance').action(
    async (name: string, flags: StoreFlags) => (await code()).dir(name, flags),
  );
  point('is-mounted', 'say whether a stackpoint is mounted: exit status 0 if it is, else 1').action(
    async (name: string, flags: StoreFlags) => (await code()).mounted(name, flags),
  );
  point('cutover', 'let a stackpoint show a fresh instance of another layer')
    .argument('<layer>', 'a closed layer')
    .option('--reuse', 'the latest instance of the layer that the stackpoint has, with its changes')
    .action(async (name: string, layer: string, flags: StoreFlags & { reuse?: boolean }) =>
      (await code()).cutover(name, layer, flags),
    );
  point('fallback', 'let a stackpoint show what it showed before, with all changes made there')
    .argument('[n]', 'how many steps back (default: 1)')
    .option('--to <instance>', 'the instance, such as web.3')
    .action(async (name: string, steps: string | undefined, flags: StoreFlags & { to?: string }) =>
      (await code()).fallback(name, steps, flags),
    );
  point('instances', 'list the instances of a stackpoint').action(async (name: string, flags: StoreFlags) =>
    (await code()).instances(name, flags),
  );
  verb(stackpoint, 'delete-instance', 'delete an instance that is not shown')
    .argument('<instance>', 'the instance, such as web.3')
    .action(async (name: string, flags: StoreFlags) => (await code()).deleteInstance(name, flags));
  verb(stackpoint, 'pin', 'keep an instance from being deleted')
    .argument('<instance>', 'the instance, such as web.3')
    .option('--off', 'no longer keep it')
    .action(async (name: string, flags: StoreFlags & { off?: boolean }) => (await code()).pin(name, flags));
  point('run', 'run a command in what a stackpoint shows')
    .usage('[options] <point> -- command...')
    .argument('[command...]', 'the command and its arguments')
    .addOption(chroot())
    .action(async (name: string, words: string[], flags: StoreFlags & HeldFlags) =>
      (await code()).runIn(name, words, flags),
    );
}
