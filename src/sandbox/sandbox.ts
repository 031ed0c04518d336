import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quote } from 'shlex';
import { command, follow, type Host } from '../host/host.js';
import { holdScratchDirectory } from '../host/scratch-directory.js';
import { prepareTree } from './prepare-tree.js';
import { writeEntry } from './tree-entry.js';
import type { Bind } from './tree-mounts.js';
import { pathInTree } from './tree-path.js';

/** How a program is run in a tree. */
export interface ProgramOptions {
  /** In addition to the sandbox's own, which it overrides. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Absolute, in the tree (default: `/`). */
  readonly directory?: string;
  /** In addition to the sandbox's own. */
  readonly binds?: readonly Bind[];
  /** Takes each line of both outputs (default: the log, at the level debug). */
  readonly onLine?: (line: string) => void;
}

/** A tree in which programs run as in a system that has booted, but for its services. */
export interface Sandbox {
  /** The tree, on this machine: programs outside of it see it there, without /proc, /dev, /sys and /run. */
  readonly root: string;
  /** What programs in the tree get as their environment. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Runs a program as root of the tree. All its processes end with it.
   *
   * @throws Failure with the command, its exit code and the end of its output
   */
  run(words: readonly string[], options?: ProgramOptions): Promise<void>;
}

/** What a sandbox is to be. */
export interface SandboxOptions {
  /** A mounted tree that may be written to; the caller is in a mount namespace of its own ({@link enteringWords}). */
  readonly root: string;
  readonly binds?: readonly Bind[];
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Where files are made for the time being. Default: the directory for temporary files, where a process that is killed
   * leaves them.
   */
  readonly scratch?: string;
  /** Whether the kernel is that of the build machine, which programs must not change, or the tree's alone (default: shared). */
  readonly kernel?: 'shared' | 'own';
}

/** Variables of the caller that programs in a tree get too: those that lead to the network. */
const inherited = [
  ...['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY'],
];

const environmentInTree: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  USER: 'root',
  LOGNAME: 'root',
  SHELL: '/bin/sh',
  TERM: 'dumb',
  LANG: 'C.UTF-8',
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
  DEBCONF_NONINTERACTIVE_SEEN: 'true',
  // systemctl changes files, and asks no daemon: systemd's ENVIRONMENT.md.
  SYSTEMD_OFFLINE: '1',
  APT_CONFIG: '/run/image-factory/apt.conf',
};

/**
 * What root may do to a kernel whatever the namespaces, by capabilities(7): set its clock, load modules into it, reach its
 * memory and its log, start another one. No program that changes a tree needs that of the build machine.
 */
export const withoutTheKernel = [
  'setpriv',
  `--bounding-set=${['sys_time', 'sys_module', 'sys_rawio', 'sys_boot', 'syslog', 'wake_alarm'].map((name) => `-${name}`).join(',')}`,
  '--',
] as const;

/**
 * apt drops its rights for downloads to a user that the cache may not belong to. Nothing has to survive a crash: the tree
 * is written to the disk when it is frozen.
 */
const aptConfiguration = `APT::Sandbox::User "root";
Acquire::Retries "3";
Acquire::Languages "none";
Dpkg::Use-Pty "0";
Dpkg::Options { "--force-unsafe-io"; "--force-confdef"; "--force-confold"; };
`;

/**
 * Makes a tree fit for programs, and takes away again what it put there: mount points that were missing, the resolver's
 * configuration, and what keeps services from starting.
 *
 * Programs have processes, devices and mounts of their own; they see no process of the builder's. They share its network.
 */
export async function withSandbox<T>(
  host: Host,
  { root, binds = [], environment = {}, scratch: above, kernel = 'shared' }: SandboxOptions,
  action: (sandbox: Sandbox) => Promise<T>,
): Promise<T> {
  const { path: scratch, remove } = await holdScratchDirectory(host, 'sandbox', above);
  try {
    const apt = join(scratch, 'apt.conf');
    await writeFile(apt, aptConfiguration);
    const prepared = await prepareTree(root, scratch);
    const hostname = (await readFile(await pathInTree(root, '/etc/hostname'), 'utf8').catch(() => '')).trim();
    const own: Bind[] = [
      ...prepared.binds,
      { from: apt, to: '/run/image-factory/apt.conf', mode: 'read-only' },
      ...binds,
    ];
    let count = 0;
    const sandbox: Sandbox = {
      root,
      environment: { ...environmentInTree, ...networkVariables(), ...environment },
      async run(words, options = {}) {
        const all = await placed(root, [...own, ...(options.binds ?? [])]);
        const directory = join(scratch, `program-${++count}`);
        await mkdir(directory);
        const script = await writeEntry(directory, root, {
          ...{ binds: all, kernel },
          hostname: /^[\w.-]+$/.test(hostname) ? hostname : 'localhost',
        });
        const variables = { ...sandbox.environment, ...options.environment };
        const { directory: start } = options;
        const inside = start === undefined ? words : ['/bin/sh', '-c', 'cd "$0" && exec "$@"', start, ...words];
        const called = command(
          'unshare',
          [
            ...['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child=KILL', '--uts', '--ipc', '--'],
            ...['sh', script],
            ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
            ...(kernel === 'shared' ? withoutTheKernel : []),
            ...['chroot', '.', ...inside],
          ],
          { shown: words.map(quote).join(' ') },
        );
        const onLine = options.onLine ?? ((line: string) => host.log.debug(line));
        // unshare passes no signal on; without its child there is nothing left of the namespace.
        await follow(host, called, onLine, { killSignal: 'SIGKILL' });
      },
    };
    try {
      return await action(sandbox);
    } finally {
      await prepared.takeAway();
    }
  } finally {
    await remove();
  }
}

async function placed(root: string, binds: readonly Bind[]) {
  return Promise.all(
    binds.map(async ({ from, to, mode }) => ({
      ...{ from, mode },
      // /run is a file system of the sandbox's own.
      place: to.startsWith('/run/') ? to : (await pathInTree(root, to)).slice(root.length),
    })),
  );
}

/** What programs in a tree get of the caller's environment. */
export function networkVariables(): Record<string, string> {
  return Object.fromEntries(
    inherited.flatMap((name) => {
      const value = process.env[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
}
