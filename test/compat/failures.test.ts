import { expect } from 'chai';
import { BothPrograms, twoAtATime, type Both, type Given, type Outcome } from './both-programs.js';
import { expectDocumented } from './differences.js';
import { anonymous } from './recorded-commands.js';

/** A way to fail, and how each program ends. */
interface Fault {
  readonly given: (programs: BothPrograms) => Given;
  readonly python: number;
  readonly ours: number;
  /** Words of the rows of docs/migrating.md that tell of the differences. */
  readonly documented?: readonly string[];
  /** What each program leaves in the current directory. */
  readonly left?: Readonly<Record<'python' | 'ours', readonly string[]>>;
}

/** A build of the small configuration, with other options in its section, further sections, and whatever goes wrong. */
const build =
  (changes: Readonly<Record<string, string | undefined>>, others = '', rest: Partial<Given> = {}) =>
  (programs: BothPrograms): Given => ({
    args: ['image'],
    config: programs.smallConfiguration(changes, others),
    ...rest,
  });
const calledWith = (...args: string[]) => build({}, '', { args });
const withFailing = (fails: string) => build({}, '', { fails });
const uploading = (destination: string, fails = '') =>
  build({ upload_destinations: 'server', 'log-file': 'yes' }, `[server]\n${destination}`, { fails });
const rsync = 'upload_type = rsync\nupload_target = host:/srv\n';

const usage = { python: 2, ours: 2 };
const misconfigured = { python: 1, ours: 2, documented: ['Exit code 1 for mistakes in the configuration'] };
const failedCommand = { python: 7, ours: 1, documented: ['Exit code of the command that failed'] };
const failed = { python: 1, ours: 1 };

const finished = ['image-DATE.log', 'image-DATE.qcow2', 'image-DATE.qcow2.sha256sum'];
const unpublished = {
  ...failedCommand,
  documented: [...failedCommand.documented, 'is kept in `.IMAGE-YYYY-MM-DD.build/` for `--resume`'],
  left: {
    python: finished,
    ours: ['.image-DATE.build', 'image-DATE.console.log', 'image-DATE.events.jsonl', ...finished],
  },
};

const faults: Readonly<Record<string, Fault>> = {
  // Ours tries again for half a minute: the first one, so that the others are built meanwhile.
  'the mirror is down': { given: build({ linux: 'http://127.0.0.1:1/linux' }), ...failed },

  'no image is named': { given: calledWith(), ...usage },
  'the name of the image is empty': { given: build({}, '', { args: [''], env: { IMAGE: 'image' } }), ...usage },
  'two images are named': { given: calledWith('image', 'other'), ...usage },
  'an option is unknown': { given: calledWith('--frmat', 'raw', 'image'), ...usage },
  'the format on the command line is unknown': { given: calledWith('--format', 'vmdk', 'image'), ...usage },
  'the value of an option is missing': { given: calledWith('image', '--mac'), ...usage },
  'the value of an option is missing before another option': {
    given: calledWith('--cache-dir', '--log-file', 'image'),
    ...usage,
  },

  'there is no such section': { given: calledWith('imgae'), ...misconfigured },
  'there is no such configuration file': {
    given: () => ({ args: ['image'], env: { IMAGE_FACTORY_CONFIG: '/nonexistent/image-factory.conf' } }),
    ...misconfigured,
  },
  'the configuration file is a directory': {
    given: () => ({ args: ['image'], env: { IMAGE_FACTORY_CONFIG: '/etc' } }),
    ...misconfigured,
  },
  'the configuration is no UTF-8': {
    given: (programs) => ({
      args: ['image'],
      config: Buffer.from(programs.smallConfiguration({ append: 'hostname=größer' }), 'latin1'),
    }),
    ...misconfigured,
  },
  'an option stands before any section': {
    given: (programs) => ({ args: ['image'], config: `ram = 1G\n${programs.smallConfiguration()}` }),
    ...misconfigured,
  },
  'the configuration has a line that means nothing': { given: build({}, 'nonsense'), ...misconfigured },
  'an option is there twice': { given: build({ mac: '52:54:00:0:0:1', MAC: '' }), ...misconfigured },
  'a reference leads nowhere': { given: build({ append: '${nowhere}' }), ...misconfigured },
  'ram is no size': { given: build({ ram: 'lots' }), ...misconfigured },
  'a boolean is none': { given: build({ 'installer-logs': 'perhaps' }), ...misconfigured },
  'vnc names no display': { given: build({ vnc: 'localhost' }), ...misconfigured },
  'no kernel is named': { given: build({ linux: undefined }), ...misconfigured },
  'no answer file is named': { given: build({ preseed: undefined }), ...misconfigured },
  'nobody knows how to fetch the kernel': { given: build({ linux: 'ftp://127.0.0.1/linux' }), ...misconfigured },
  'there is no section for a destination': { given: build({ upload_destinations: 'server' }), ...misconfigured },
  'a destination has no type': { given: uploading('upload_target = host:/srv'), ...misconfigured },
  'a destination has no target': { given: uploading('upload_type = rsync'), ...misconfigured },
  'the target of a destination refers to the image, which only the commands know': {
    given: uploading('upload_type = rsync\nupload_target = host:/srv/${image}'),
    ...misconfigured,
  },
  'the type of a destination is unknown': {
    given: uploading('upload_type = ftp\nupload_target = host:/srv'),
    ...misconfigured,
  },

  'qemu-img can not create the disk': { given: withFailing('qemu-img create'), ...failedCommand },
  'rsync fails to fetch': { given: build({ linux: 'rsync://host/linux' }, '', { fails: 'rsync' }), ...failedCommand },
  'the kernel is a file that is not there': { given: build({ linux: '/nonexistent/linux' }), ...misconfigured },
  'virt-install fails before libvirt knows the virtual machine': { given: withFailing('virt-install'), ...failed },
  'virt-install fails': { given: build({}, '', { installer: 'fails' }), ...failedCommand },
  'Ctrl-C ends the installation': {
    given: build({}, '', { installer: 'is interrupted' }),
    python: 0,
    ours: 130,
    documented: ['Ctrl-C prints "User abort." and ends with 0'],
    left: { python: ['image-DATE.raw'], ours: ['image-DATE.console.log', 'image-DATE.events.jsonl'] },
  },
  'nothing was installed': { given: build({}, '', { installed: 'nothing' }), ...failed },
  'the disk has no partition': { given: build({}, '', { installed: 'no partition' }), ...failed },
  'the disk has two partitions': {
    given: build({}, '', { installed: 'two partitions' }),
    python: 1,
    ours: 0,
    documented: ['Exactly one partition'],
  },
  'qemu-img can not convert the disk': { given: withFailing('qemu-img convert'), ...failedCommand },
  'an upload fails': { given: uploading(rsync, 'rsync'), ...unpublished },
  'a post-upload command fails': {
    given: uploading(`${rsync}post-upload-command = hook \${image}`, 'hook'),
    ...unpublished,
  },
  'a numbered post-upload command fails': {
    given: uploading(`${rsync}post-upload-command1 = hook one\npost-upload-command2 = hook two`, 'hook two'),
    ...failedCommand,
  },
  'a post-upload command is not there': {
    given: uploading(`${rsync}post-upload-command = no-such-hook`),
    ...misconfigured,
  },
  'the post-build command fails': {
    given: build({ 'post-build-command': 'hook', 'log-file': 'yes' }, '', { fails: 'hook' }),
    ...unpublished,
  },
  'the post-build command is not there': { given: build({ 'post-build-command': 'no-such-hook' }), ...misconfigured },

  'the mirror has no such kernel': {
    given: build({ linux: '${mirror}/missing/linux' }),
    python: 0,
    ours: 1,
    documented: ['error page of a web server'],
  },
  'no format is given': { given: build({ format: undefined }), python: 1, ours: 0, documented: ['Without `format`'] },
  'no ram is given': { given: build({ ram: undefined }), python: 1, ours: 0, documented: ['Without `ram`'] },
};

/** How builds end that something is wrong with: the exit code is what jobs look at. */
describe('the exit code', () => {
  let programs: BothPrograms;
  const ended = new Map<string, Both>();
  before(async function () {
    programs = await BothPrograms.open(this);
    await twoAtATime(
      Object.entries(faults),
      async ([name, { given }]) => void ended.set(name, await programs.run(given(programs))),
    );
  });
  after(() => programs?.close());

  for (const [name, { python, ours, documented = [], left }] of Object.entries(faults)) {
    const how = python === ours ? `is ${ours} for both` : `is ${ours}, and was ${python},`;
    it(`${how} when ${name}`, () => {
      const both = ended.get(name)!;
      expect(both.python.status, both.python.said).to.equal(python);
      expect(both.ours.status, both.ours.said).to.equal(ours);
      expect(documented.length > 0, 'a difference is documented').to.equal(python !== ours);
      documented.forEach(expectDocumented);
      if (left) expect({ python: filesOf(both.python), ours: filesOf(both.ours) }).to.deep.equal(left);
      expect(both.ours.stdout, 'standard output').to.equal('');
      expect(both.ours.said, 'a stack trace').not.to.match(/^ +at /m);
    });
  }
});

function filesOf(outcome: Outcome): string[] {
  return outcome.files.map((file) => anonymous(file, outcome));
}
