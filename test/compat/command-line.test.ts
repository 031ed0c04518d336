import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { BothPrograms, contentOf, twoAtATime, type Both, type Given, type Outcome } from './both-programs.js';
import { expectDocumented } from './differences.js';
import { anonymous, cachedFiles, diskSize, installationOf } from './recorded-commands.js';

/** What command line, environment and configuration had to say. */
interface Effects {
  readonly status: number;
  readonly domain: unknown;
  readonly size: number | undefined;
  readonly mac: unknown;
  readonly cache: unknown;
  readonly files: readonly string[];
  readonly log: string | undefined;
  readonly printsInstallerLogs: boolean;
}

function effectsOf(outcome: Outcome): Effects {
  const { status, files, directory, said } = outcome;
  const installation = status === 0 ? installationOf(outcome) : {};
  const logs = [...files.filter((file) => file.endsWith('.log') && !file.endsWith('.console.log')), '../home/job.log'];
  // An empty one is none.
  const log = logs.find((file) => contentOf(join(directory, file)).includes('Calling virt-install'));
  return {
    status,
    domain: installation.name,
    size: diskSize(outcome),
    mac: installation['network mac'],
    cache: status === 0 ? cacheOf(outcome) : undefined,
    files: files
      .filter((file) => !/\.(console\.log|events\.jsonl)$/.test(file))
      .map((file) => anonymous(file, outcome)),
    log: log && anonymous(log, outcome),
    printsInstallerLogs: said.includes('Content of /var/log/installer/syslog'),
  };
}

/** Where people find the image's netboot files. */
function cacheOf(outcome: Outcome): string | undefined {
  const found = cachedFiles(outcome).map((name) => dirname(name));
  return found.find((directory) => directory.endsWith('/image'));
}

const artifacts = (name: string) => [name, `${name}.sha256sum`];
const nothingSaid: Effects = {
  status: 0,
  domain: 'image-DATE.raw',
  size: 64 * 2 ** 20,
  mac: undefined,
  cache: '~/netboot/image',
  files: artifacts('image-DATE.qcow2'),
  log: undefined,
  printsInstallerLogs: false,
};

const sectionMac = '52:54:00:00:00:01';
const givenMac = '52:54:00:00:00:02';

/** By what is said: what both are given, and what differs then from a build where nothing is said. */
const cases: Readonly<Record<string, { given: (small: Small) => Given; effect?: Partial<Effects> }>> = {
  'only the image': { given: (config) => ({ args: ['image'], config: config() }) },
  'IMAGE instead of an argument': { given: (config) => ({ args: [], config: config(), env: { IMAGE: 'image' } }) },
  'an argument, and another IMAGE': {
    given: (config) => ({ args: ['image'], config: config(), env: { IMAGE: 'other' } }),
  },
  'IMAGE with an option': {
    given: (config) => ({ args: ['--mac', givenMac], config: config(), env: { IMAGE: 'image' } }),
    effect: { mac: givenMac },
  },

  'nothing of the size': {
    given: (config) => ({ args: ['image'], config: config({ 'image-size': undefined }) }),
    effect: { size: 2 * 2 ** 30 },
  },
  '[DEFAULT] for the size': {
    given: (config) => ({
      args: ['image'],
      config: config({ 'image-size': undefined }).replace('[DEFAULT]', '[DEFAULT]\nimage-size = 96M'),
    }),
    effect: { size: 96 * 2 ** 20 },
  },
  'section and [DEFAULT]': {
    given: (config) => ({ args: ['image'], config: config().replace('[DEFAULT]', '[DEFAULT]\nimage-size = 96M') }),
  },
  'command line, section and [DEFAULT]': {
    given: (config) => ({
      args: ['--image-size', '80M', 'image'],
      config: config().replace('[DEFAULT]', '[DEFAULT]\nimage-size = 96M'),
    }),
    effect: { size: 80 * 2 ** 20 },
  },
  'options behind the image': {
    given: (config) => ({ args: ['image', '--image-size=80M', '-fraw'], config: config() }),
    effect: { size: 80 * 2 ** 20, files: artifacts('image-DATE.raw') },
  },
  'an option twice': {
    given: (config) => ({ args: ['--image-size', '96M', '--image-size', '80M', 'image'], config: config() }),
    effect: { size: 80 * 2 ** 20 },
  },
  'the image behind --': { given: (config) => ({ args: ['--', 'image'], config: config() }) },

  '-f and a format in the section': {
    given: (config) => ({ args: ['-f', 'raw', 'image'], config: config({ format: 'qcow2' }) }),
    effect: { files: artifacts('image-DATE.raw') },
  },
  '--format and a format in the section': {
    given: (config) => ({ args: ['--format', 'qcow2', 'image'], config: config({ format: 'raw' }) }),
  },
  '--mac and a MAC address in the section': {
    given: (config) => ({ args: ['--mac', givenMac, 'image'], config: config({ mac: sectionMac }) }),
    effect: { mac: givenMac },
  },
  'a MAC address in the section': {
    given: (config) => ({ args: ['image'], config: config({ mac: sectionMac }) }),
    effect: { mac: sectionMac },
  },
  '-c and a cache in the section': {
    given: (config) => ({ args: ['-c', 'here', 'image'], config: config() }),
    effect: { cache: './here/image', files: ['here', ...artifacts('image-DATE.qcow2')] },
  },
  '-c and another cache in the section itself': {
    given: (config) => ({ args: ['-c', 'here', 'image'], config: config({ cache_dir: '~/section' }) }),
    effect: { cache: './here/image', files: ['here', ...artifacts('image-DATE.qcow2')] },
  },
  '--cache-dir with a tilde': {
    given: (config) => ({ args: ['--cache-dir', '~/there', 'image'], config: config() }),
    effect: { cache: '~/there/image' },
  },

  '--installer-logs': {
    given: (config) => ({ args: ['--installer-logs', 'image'], config: config() }),
    effect: { printsInstallerLogs: true },
  },
  'installer logs in the section': {
    given: (config) => ({ args: ['image'], config: config({ 'installer-logs': 'On' }) }),
    effect: { printsInstallerLogs: true },
  },
  '--no-installer-logs and the section': {
    given: (config) => ({ args: ['--no-installer-logs', 'image'], config: config({ 'installer-logs': '1' }) }),
  },
  '--log-file': {
    given: (config) => ({ args: ['image', '--log-file'], config: config() }),
    effect: { log: 'image-DATE.log', files: ['image-DATE.log', ...artifacts('image-DATE.qcow2')] },
  },
  '--no-log-file and the section': {
    given: (config) => ({ args: ['image', '--no-log-file'], config: config({ 'log-file': 'True' }) }),
  },
  '--log-file and --no-log-file: the last': {
    given: (config) => ({ args: ['--no-log-file', '--log-file', '--no-log-file', 'image'], config: config() }),
  },
  '--log-filename without a log file': {
    given: (config) => ({ args: ['image', '--log-filename', 'job.log'], config: config() }),
  },
  '--log-filename and another name in the section': {
    given: (config) => ({
      args: ['image', '--log-filename', 'job.log'],
      config: config({ 'log-file': 'yes', 'log-filename': 'section.log' }),
    }),
    effect: { log: 'job.log', files: [...artifacts('image-DATE.qcow2'), 'job.log'] },
  },
  'references to what the command line says': {
    given: (config) => ({
      args: ['-f', 'raw', '--image-size', '80M', '--mac', givenMac, '--log-file', 'image'],
      config: config({ mac: sectionMac, 'log-filename': '${format}-${image-size}-${MAC}.log' }),
    }),
    effect: {
      size: 80 * 2 ** 20,
      mac: givenMac,
      files: [...artifacts('image-DATE.raw'), `raw-80M-${givenMac}.log`],
      log: `raw-80M-${givenMac}.log`,
    },
  },
  'a log file elsewhere': {
    given: (config) => ({ args: ['image', '--log-file', '--log-filename', '../home/job.log'], config: config() }),
    effect: { log: '../home/job.log' },
  },

  "the user's configuration file": {
    given: (config) => ({ args: ['image'], home: { '.config/image-factory.conf': config({ mac: sectionMac }) } }),
    effect: { mac: sectionMac },
  },
  "IMAGE_FACTORY_CONFIG beside the user's configuration file": {
    given: (config) => ({
      args: ['image'],
      config: config(),
      home: { '.config/image-factory.conf': config({ mac: sectionMac }) },
    }),
  },
};

/** Command lines that mean something else now: whether an image is built, and the row of docs/migrating.md for it. */
const deliberate: Readonly<
  Record<string, { given: (small: Small) => Given; builds: { python: boolean; ours: boolean }; documented: string }>
> = {
  'a shortened option': {
    given: (config) => ({ args: ['--image', '80M', 'image'], config: config() }),
    builds: { python: true, ours: false },
    documented: 'may be shortened',
  },
  'a dollar sign in a value': {
    given: (config) => ({ args: ['-c', './a$b', 'image'], config: config() }),
    builds: { python: false, ours: true },
    documented: 'A `$` in a value of the command line',
  },
  'an image that is called like a command': {
    given: (config) => ({ args: ['list'], config: config().replace('[image]', '[list]') }),
    builds: { python: true, ours: false },
    documented: 'called like a command',
  },
  'an image without a section, all in [DEFAULT]': {
    given: (config) => ({ args: ['other'], config: config().replace('[image]', '') }),
    builds: { python: true, ours: false },
    documented: 'A name without a section',
  },
};

type Small = BothPrograms['smallConfiguration'];

describe('the command line, the environment and the configuration', () => {
  let programs: BothPrograms;
  const done = new Map<string, Both>();
  before(async function () {
    programs = await BothPrograms.open(this);
    const small: Small = (changes, others) => programs.smallConfiguration(changes, others);
    const givens: [string, Given][] = [
      ...Object.entries(cases).map(([name, { given }]): [string, Given] => [name, given(small)]),
      ...Object.entries(deliberate).map(([name, { given }]): [string, Given] => [name, given(small)]),
    ];
    await twoAtATime(givens, async ([name, given]) => void done.set(name, await programs.run(given)));
  });
  after(() => programs?.close());

  for (const [name, { effect }] of Object.entries(cases)) {
    it(`mean the same to both: ${name}`, () => {
      const { python, ours } = done.get(name)!;
      expect(effectsOf(python), python.said).to.deep.equal({ ...nothingSaid, ...effect });
      expect(effectsOf(ours), ours.said).to.deep.equal({ ...nothingSaid, ...effect });
    });
  }

  for (const [name, { builds, documented }] of Object.entries(deliberate)) {
    it(`mean something else, as docs/migrating.md tells: ${name}`, () => {
      const { python, ours } = done.get(name)!;
      const built = ({ files }: Outcome) => files.some((file) => file.endsWith('.qcow2'));
      expect({ python: built(python), ours: built(ours) }, python.said + ours.said).to.deep.equal(builds);
      expectDocumented(documented);
    });
  }
});
