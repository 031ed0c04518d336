import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { prepare, serve, udebSuite } from '../test/e2e/debian-mirror.js';
import { isoDate } from '../src/config/resolve.js';
import { Libvirt } from '../src/machine/libvirt.js';
import { testHost } from '../test/support/host.js';
import { environment, measure } from './measure.js';
import { save, told, workDirectory, type Row } from './result.js';
import { ourProgram, pythonAnswerFile, pythonProgram } from './rival.js';

/*
 * Installs Debian 13 with both tools, and with our own defaults; more than an hour without KVM:
 *
 *     npx tsx bench/install.ts [--dry-run] [python|ours|defaults]…
 *
 * Both tools get the same section: netboot files, memory, processors, and the answer file of the Python tool's package,
 * turned to Debian 13; and no boot test, which the Python tool does not know. That is what somebody has who changes from
 * one to the other. The third run is what they get with our section instead of theirs, boot test included. Everything
 * runs in software (TCG), also where there is KVM: that can be compared between machines, and the Python tool has no
 * option for it.
 *
 * Two installations run at once, the Python tool's beside ours and then our defaults: whatever else the machine does
 * meets both tools. If ours are done first, they leave the processors to the Python tool, so that a ratio comes out
 * rather too high than too low.
 */
const lanes = [['python'], ['ours', 'defaults']];
const shipped = 'debian-13';
const netbootPath = 'main/installer-amd64/current/images/netboot/debian-installer/amd64';
const connection = 'qemu:///system';

/** Where QEMU's own user can reach what root made (Debian: mode 0711). */
const reachable = '/var/lib/libvirt/images';

async function main(words: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('install needs root: the Python tool mounts the disk');
  const dryRun = words.includes('--dry-run');
  const asked = words.filter((word) => word !== '--dry-run');
  const say = (line: string) => console.error(line);
  const mirrorDirectory = join(workDirectory, 'mirror');
  await prepare(mirrorDirectory, 'amd64', say);
  const mirror = await serve(mirrorDirectory);
  const directory = await mkdtemp(join(reachable, 'bench-'));
  await chmod(directory, 0o711);
  const host = testHost();
  try {
    const images = imageNames(directory);
    const configurations = await writeConfigurations(directory, mirrorDirectory, mirror.port);
    const env = await inSoftware(directory);
    const python = await pythonProgram();
    const runs: Readonly<Record<string, Run>> = {
      python: { command: [...python, images.python], configuration: configurations.same },
      ours: { command: [ourProgram, images.ours], configuration: configurations.same },
      defaults: { command: [ourProgram, images.defaults], configuration: configurations.defaults },
    };
    const done: Record<string, Installed> = {};
    if (!dryRun) await new Libvirt(host, connection).ensureReachable();
    const install = async (name: string, { command, configuration }: Run): Promise<void> => {
      const output = join(directory, name);
      await mkdir(output);
      const call = { cwd: output, env: { ...env, IMAGE_FACTORY_CONFIG: configuration } };
      if (dryRun) return explain(name, command, call);
      say(`${name}: ${command.join(' ')}`);
      const { wall } = await measure({ command, ...call });
      // The Python tool ends with 0 as well when it was interrupted.
      const made = await readdir(output);
      const checksum = made.find((file) => file.endsWith('.qcow2.sha256sum'));
      if (checksum === undefined) throw new Error(`${name} has made no image: ${made.join(', ')}`);
      const { size } = await stat(join(output, checksum.replace(/\.sha256sum$/, '')));
      done[name] = { wall, size };
      say(`${name}: ${wall.toFixed(0)} s, ${Math.round(size / 2 ** 20)} MiB`);
    };
    const wanted = (name: string) => asked.length === 0 || asked.includes(name);
    const inTurn = async (names: readonly string[]): Promise<void> => {
      for (const name of names.filter(wanted)) {
        await install(name, runs[name]!).catch((error: unknown) => {
          say(`${name} failed, the others go on`);
          throw error;
        });
      }
    };
    const ended = await Promise.allSettled(lanes.map(inTurn));
    for (const lane of ended) if (lane.status === 'rejected') throw lane.reason;
    const rows = compare(done);
    if (rows.length === 0) return;
    console.log(told(await save('install', rows)));
  } finally {
    if (!dryRun) await forget(new Libvirt(host, connection), directory);
    await host.release.releaseAll(host.log);
    await mirror.close();
    await rm(directory, { recursive: true });
  }
}

interface Installed {
  /** Seconds of the whole build. */
  readonly wall: number;
  /** Bytes of the image. */
  readonly size: number;
}

interface Run {
  readonly command: readonly [string, ...string[]];
  readonly configuration: string;
}

/** Names that no other domain has: the Python tool undefines the one that is called so, whoever it belongs to. */
function imageNames(directory: string) {
  const unique = basename(directory);
  return { python: `${unique}-python`, ours: `${unique}-ours`, defaults: `${unique}-defaults` };
}

/** What the Python tool leaves to libvirt, also when it was interrupted: its domain, and a pool for its directory. */
async function forget(libvirt: Libvirt, directory: string): Promise<void> {
  const name = `${imageNames(directory).python}-${isoDate(new Date())}.raw`;
  const output = join(directory, 'python');
  await libvirt.remove(name, join(output, name));
  for (const pool of [output, directory]) await libvirt.forgetPool(pool);
}

/** The same section for both tools; and our own section, for this mirror. */
async function writeConfigurations(directory: string, mirrorDirectory: string, port: number) {
  const netboot = join(mirrorDirectory, 'debian/dists/trixie', netbootPath);
  await mkdir(netboot, { recursive: true });
  for (const file of ['linux', 'initrd.gz']) await copyFile(join(mirrorDirectory, file), join(netboot, file));
  const site = join(directory, 'site.conf');
  await writeFile(
    site,
    `[DEFAULT]
mirror-host = 10.0.2.2:${port}
debian_mirror = http://127.0.0.1:${port}/debian
udeb-suite = ${udebSuite('amd64')}
allow-unauthenticated = yes
# the netboot files come from a package, not from the mirror's tree
verify = off
updates = no
cache_dir = ${join(directory, 'cache')}
virt-type = qemu
`,
  );
  const preseed = join(directory, 'debian.preseed');
  await writeFile(preseed, await packagedPreseed(port));
  const same = join(directory, 'same.conf');
  const { linux, initrd, append, ram, cores, 'image-size': size } = await shownSection(site);
  const section = (image: string) => `[${image}]
linux = ${linux}
initrd = ${initrd}
preseed = ${preseed}
append = ${append}
ram = ${ram?.replace(/M$/, ' MiB')}
cores = ${cores}
image-size = ${size}
format = qcow2
log-file = yes
virt-type = qemu
verify = off
boot-test = off
cache_dir = ${join(directory, 'cache')}
`;
  const images = imageNames(directory);
  await writeFile(same, [images.python, images.ours].map(section).join('\n'));
  const defaults = join(directory, 'defaults.conf');
  const { stdout } = await execa(ourProgram, ['show', shipped, '--config', site]);
  await writeFile(defaults, stdout.replace(`[${shipped}]`, `[${images.defaults}]`));
  return { defaults, same };
}

/** The answer file of the Python tool's package for the newest Debian that it knows, turned to this one and this mirror. */
async function packagedPreseed(port: number): Promise<string> {
  const packaged = await pythonAnswerFile('Debian-11-server-us.cfg');
  const turned = packaged
    .replace(/^(d-i mirror\/suite string) .*/m, '$1 trixie')
    .replace(/^(d-i mirror\/http\/hostname string) .*/m, `$1 10.0.2.2:${port}`);
  return `${turned}
d-i mirror/udeb/suite string ${udebSuite('amd64')}
d-i debian-installer/allow_unauthenticated boolean true
d-i apt-setup/services-select multiselect
`;
}

async function shownSection(configuration: string): Promise<Record<string, string>> {
  const { stdout } = await execa(ourProgram, ['show', shipped, '--json', '--config', configuration]);
  return (JSON.parse(stdout) as Record<string, Record<string, string>>)[shipped] ?? {};
}

/** A virt-install that emulates in software, and that runs with virt-install 4 without a word on the distribution. */
async function inSoftware(directory: string): Promise<Record<string, string>> {
  const programs = join(directory, 'bin');
  await mkdir(programs);
  const script = '#!/bin/sh\nexec /usr/bin/virt-install --virt-type qemu "$@"\n';
  await writeFile(join(programs, 'virt-install'), script, { mode: 0o755 });
  return { PATH: `${programs}:${process.env.PATH ?? ''}`, VIRTINSTALL_OSINFO_DISABLE_REQUIRE: '1' };
}

/** What would run; ours tells every command. */
async function explain(name: string, command: Run['command'], call: { cwd: string; env: Record<string, string> }) {
  console.log(`${name}: cd ${call.cwd}; IMAGE_FACTORY_CONFIG=${call.env.IMAGE_FACTORY_CONFIG} ${command.join(' ')}`);
  if (command[0] !== ourProgram) return;
  const options = { cwd: call.cwd, env: environment(call.env), extendEnv: false };
  console.log((await execa(ourProgram, [...command.slice(1), '--dry-run'], options)).stdout);
}

function compare({ python, ours, defaults }: Record<string, Installed>): Row[] {
  if (!python) return [];
  const rows = (what: string, installed: Installed | undefined, goal: { wall: number; size?: number }): Row[] => {
    if (!installed) return [];
    const row = (figure: string, unit: Row['unit'], of: (image: Installed) => number): Row => ({
      bench: 'install',
      what: `Debian 13, ${what}, ${figure}`,
      unit,
      ours: of(installed),
      rival: of(python),
    });
    return [
      { ...row('wall', 's', ({ wall }) => wall), goal: goal.wall },
      { ...row('image', 'MiB', ({ size }) => size), goal: goal.size },
    ];
  };
  return [
    ...rows('the same answer file', ours, { wall: 0.8, size: 0.42 }),
    ...rows('our own defaults', defaults, { wall: 0.6 }),
  ];
}

await main(process.argv.slice(2));
