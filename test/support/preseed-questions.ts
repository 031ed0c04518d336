import { mkdir, readdir, readFile, writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { execa } from 'execa';
import { AptMirror, field } from '../e2e/apt-mirror.js';

/*
 * The questions that Debian's installer can ask, with their types, as its own components declare them (those in the
 * netboot initrd, those that it loads from the mirror, and tasksel), and as the example of its Installation Guide has them,
 * for some are declared nowhere: apt-setup/local0/repository.
 *
 *     npx tsx test/preseed-questions.ts    writes test/data/preseed-questions/RELEASE anew, from apt's mirror
 */

/** `NAME TYPE`; some questions have the type that a component declares and the one that the example writes. */
export type Questions = ReadonlySet<string>;

const directory = join(import.meta.dirname, '../data/preseed-questions');

const releases = {
  'debian-12': { suite: 'bookworm', netboot: 'debian-installer-12-netboot-amd64' },
  'debian-13': { suite: 'trixie', netboot: 'debian-installer-13-netboot-amd64' },
} as const;
export type Release = keyof typeof releases;
export const knownReleases = Object.keys(releases) as Release[];

/** The committed list of a release. */
export async function questionsOf(release: Release): Promise<Questions> {
  const lines = (await readFile(join(directory, release), 'utf8')).split('\n');
  return new Set(lines.filter((line) => /^[^#]/.test(line)));
}

/** What has an answer; the other types of templates are titles and texts. */
const answerable = new Set(['string', 'boolean', 'select', 'multiselect', 'password', 'note', 'error']);

async function writeQuestions(mirror: AptMirror, release: Release, work: string): Promise<void> {
  const { suite, netboot } = releases[release];
  const found = new Set<string>();
  const missing: string[] = [];
  const note = (templates: string) => {
    for (const stanza of templates.split(/\n{2,}/)) {
      const [name, type] = [field(stanza, 'Template'), field(stanza, 'Type')];
      if (name !== '' && answerable.has(type)) found.add(`${name} ${type}`);
    }
  };
  const debs = await mirror.getIndex(`dists/${suite}/main/binary-amd64/Packages.xz`);
  const udebs = await mirror.getIndex(`dists/${suite}/main/debian-installer/binary-amd64/Packages.xz`);
  const named = (name: string) => debs.find((deb) => field(deb, 'Package') === name) ?? '';

  (await initrdTemplates(await mirror.getPackage(named(netboot)), join(work, release))).forEach(note);
  const wanted = [
    named('tasksel'),
    ...udebs.filter((udeb) => !/^(?:kernel-image|\S+-modules)-\d/.test(field(udeb, 'Package'))),
  ];
  for (const stanza of wanted) {
    const archive = await mirror.get(field(stanza, 'Filename'));
    if (archive) note(await templatesOf(archive));
    else missing.push(field(stanza, 'Package'));
  }
  const example = await exampleOf(await mirror.getPackage(named('installation-guide-amd64')), join(work, release));
  const questions = [...new Set([...found, ...example])].map((question) => `${question}\n`).sort();
  const heading = [
    `# Questions of ${suite}'s installer and their types, one a line. Made by test/preseed-questions.ts.`,
    ...(missing.length > 0
      ? [`# Without what only these declare, which the mirror lacked: ${missing.sort().join(' ')}`]
      : []),
  ];
  await writeFile(join(directory, release), `${heading.join('\n')}\n${questions.join('')}`);
  console.log(`${release}: ${questions.length} questions; not on the mirror: ${missing.length} components`);
}

/** The file `templates` in a package's control archive; nothing if it has none. */
async function templatesOf(archive: Buffer): Promise<string> {
  const control = await execa('dpkg-deb', ['--ctrl-tarfile', '-'], { input: archive, encoding: 'buffer' });
  const templates = await execa('tar', ['-xO', './templates'], { input: control.stdout, reject: false });
  return templates.exitCode === 0 ? templates.stdout : '';
}

/** The example's lines, most of which stand behind a `#`. */
async function exampleOf(guide: Buffer, work: string): Promise<Questions> {
  await mkdir(work, { recursive: true });
  await execa('dpkg-deb', ['-x', '-', join(work, 'guide')], { input: guide });
  const { stdout } = await execa('find', [join(work, 'guide'), '-name', 'example-preseed.txt.gz']);
  const text = gunzipSync(await readFile(stdout)).toString();
  const lines = text.matchAll(/^#?(?:d-i|tasksel)\s+(\S+)\s+(\w+)/gm);
  return new Set([...lines].flatMap(([, name = '', type = '']) => (answerable.has(type) ? [`${name} ${type}`] : [])));
}

async function initrdTemplates(netboot: Buffer, work: string): Promise<string[]> {
  await mkdir(join(work, 'initrd'), { recursive: true });
  await execa('dpkg-deb', ['-x', '-', join(work, 'netboot')], { input: netboot });
  const { stdout } = await execa('find', [join(work, 'netboot'), '-path', '*/text/*/amd64/linux']);
  const input = gunzipSync(await readFile(join(dirname(stdout), 'initrd.gz')));
  await execa('cpio', ['-i', '--quiet', '--make-directories', 'var/lib/dpkg/info/*.templates'], {
    input,
    cwd: join(work, 'initrd'),
  });
  const info = join(work, 'initrd/var/lib/dpkg/info');
  return Promise.all((await readdir(info)).map((file) => readFile(join(info, file), 'utf8')));
}

if (process.argv[1] === import.meta.filename) {
  const work = await mkdtemp(join(tmpdir(), 'preseed-questions-'));
  try {
    const mirror = await AptMirror.open(join(import.meta.dirname, '../../build/e2e/mirror/debian'));
    for (const release of knownReleases) await writeQuestions(mirror, release, work);
  } finally {
    await rm(work, { recursive: true });
  }
}
