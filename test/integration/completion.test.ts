import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { findExecutable } from '../../src/host/programs.js';
import { program, temporaryDirectory } from '../support/demo-image.js';

const PATH = `${dirname(program)}${delimiter}${process.env.PATH}`;

/** A shell at a terminal: what is typed there, and what it shows then. */
class TypedShell {
  readonly #process: ChildProcessWithoutNullStreams;
  #shown = '';
  #onOutput: () => void = () => undefined;

  constructor(command: string, cwd: string) {
    this.#process = spawn('script', ['-qfec', command, '/dev/null'], {
      cwd,
      env: { ...process.env, PATH, TERM: 'dumb' },
    });
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#shown += text;
      this.#onOutput();
    });
  }

  /** Types, and waits until each of these words is shown; returns everything that is. */
  async type(keys: string, ...words: string[]): Promise<string> {
    this.#shown = '';
    this.#process.stdin.write(keys);
    await new Promise<void>((done, failed) => {
      const late = setTimeout(() => failed(new Error(`no ${words.join(', ')} in: ${this.#shown}`)), 120_000);
      this.#onOutput = () => {
        if (!words.every((word) => this.#shown.includes(word))) return;
        clearTimeout(late);
        done();
      };
      this.#onOutput();
    });
    return this.#shown;
  }

  /** What the tab key makes of a line; the line is thrown away. */
  async complete(line: string, ...words: string[]): Promise<string> {
    const shown = await this.type(`${line}\t`, ...words);
    await this.type(`\u0015echo E''ND\r`, 'END');
    return shown;
  }

  /** script(1) passes no hang-up on; the kernel hangs up when its terminal closes with it. */
  async end(): Promise<void> {
    const closed = once(this.#process, 'close');
    this.#process.kill('SIGKILL');
    await closed;
  }
}

/** A group, a flavor, and an image of it. */
const packages = `
[group shopping]
packages = nginx
[flavor sandbox]
arch = arm64
[shop]
like = trixie
group = shopping
flavors = sandbox
`;

/** What each shell does with a script, and how it is told to. */
const shells: Readonly<Record<'bash' | 'zsh', { command: string; setup: (script: string) => string }>> = {
  bash: {
    command: 'bash --norc --noprofile -i',
    setup: (script) => `bind 'set show-all-if-ambiguous on'; bind 'set enable-bracketed-paste off'; source ${script}`,
  },
  zsh: {
    command: 'zsh -f -i',
    setup: (script) =>
      `bindkey -e; unset zle_bracketed_paste; fpath=(${dirname(script)} $fpath); autoload -U compinit; compinit -u -D`,
  },
};

describe('shell completion', function () {
  this.timeout(300_000);
  const directory = temporaryDirectory();
  const config = join(directory.path, 'my.conf');
  before(async () => {
    mkdirSync(join(directory.path, 'scripts'));
    mkdirSync(join(directory.path, 'golden'));
    writeFileSync(join(directory.path, 'goldfish.txt'), '');
    writeFileSync(config, `[web-$(touch owned)]\nlinux = x\n[web-server]\nlinux = x\n${packages}`);
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { stdout } = await execa(program, ['completion', shell]);
      writeFileSync(scriptOf(shell), stdout);
    }
  });
  after(() => directory.remove());

  /** zsh finds a function by its file's name. */
  const scriptOf = (shell: string) => join(directory.path, 'scripts', shell === 'zsh' ? '_image-factory' : shell);

  function needs(shell: string, test: Mocha.Context): void {
    if (findExecutable(shell) === undefined) {
      console.log(`      ${shell} is not installed: apt-get install ${shell}`);
      test.skip();
    }
  }

  for (const [shell, { command, setup }] of Object.entries(shells)) {
    describe(`in ${shell}`, () => {
      let typed: TypedShell;
      before(async function () {
        needs(shell, this);
        typed = new TypedShell(command, directory.path);
        await typed.type(`stty cols 200 rows 50; ${setup(scriptOf(shell))}; echo RE''ADY\r`, 'READY');
      });
      after(() => typed?.end());

      it('offers commands and images for the first word', async () => {
        await typed.complete('image-factory rend', 'render ');
        await typed.complete('image-factory d', 'doctor', 'debian-12', 'demo');
      });

      it('offers images to a command, also the second one to build', async () => {
        await typed.complete('image-factory show debian-1', 'debian-11', 'debian-12', 'debian-13');
        await typed.complete('image-factory build demo rocky-8 rocky-1', 'rocky-10 ');
        await typed.complete('image-factory debian-12 debian-t', 'debian-testing ');
      });

      it('offers the options of the command, wherever it stands', async () => {
        await typed.complete('image-factory verify --requ', '--require-signature ');
        const shown = await typed.complete('image-factory --config my.conf validate --', '--online', '--schema-dir');
        expect(shown).not.to.contain('--dry-run');
      });

      it('offers the words, files or directories that an option takes', async () => {
        await typed.complete('image-factory demo --format q', 'qcow2 ');
        await typed.complete('image-factory demo --format=q', '=qcow2 ');
        await typed.complete('image-factory validate --format j', 'json ');
        await typed.complete('image-factory demo -o gold', 'golden/');
        await typed.complete('image-factory render demo --output gold', 'golden', 'goldfish.txt');
        await typed.complete('image-factory completion f', 'fish ');
        await typed.complete('image-factory cache cl', 'clean ');
        await typed.complete('image-factory layout sh', 'show ');
        await typed.complete('image-factory layout show hyb', 'hybrid ');
        await typed.complete('image-factory layout show gold', 'golden', 'goldfish.txt');
        expect(await typed.complete('image-factory demo --set forma', 'format=')).not.to.contain('format= ');
      });

      it('offers the images of the configuration that the line names, and runs nothing that stands in it', async () => {
        await typed.complete('image-factory show --config my.conf web-s', 'web-server ');
        await typed.complete('image-factory --config=my.conf web-', 'web-server', 'touch');
        expect((await execa('ls', [directory.path])).stdout).not.to.contain('owned');
      });

      it('offers groups, flavors, and the flavors of an image', async () => {
        await typed.complete('image-factory group show --config my.conf shop', 'shopping ');
        await typed.complete('image-factory group sho', 'show ');
        await typed.complete('image-factory --config my.conf shop --flavor sand', 'sandbox ');
        await typed.complete('image-factory lock --config my.conf shop@s', 'andbox ');
        await typed.complete('image-factory lock --config my.conf shop@', 'andbox ');
      });

      it('offers images and files where both may stand', async () => {
        await typed.complete('image-factory bundle --config my.conf shop@s', 'andbox ');
        await typed.complete('image-factory check gold', 'golden', 'goldfish.txt');
      });
    });
  }

  describe('in fish', () => {
    before(function () {
      needs('fish', this);
    });

    /** fish tells by itself what it would offer: a word a line, and after a tab what it means. */
    async function offered(line: string): Promise<string[]> {
      const env = { PATH, HOME: directory.path };
      const tell = `source ${scriptOf('fish')}; complete -C ${JSON.stringify(line)}`;
      const { stdout } = await execa('fish', ['--no-config', '-c', tell], { cwd: directory.path, env });
      return stdout.split('\n').map((one) => one.replace(/\t.*/, ''));
    }

    it('offers commands and images for the first word', async () => {
      expect(await offered('image-factory d')).to.include.members(['doctor', 'debian-12', 'demo']);
    });

    it('offers images to a command, also the second one to build', async () => {
      expect(await offered('image-factory show debian-1')).to.deep.equal(['debian-11', 'debian-12', 'debian-13']);
      expect(await offered('image-factory build demo rocky-8 rocky-1')).to.deep.equal(['rocky-10']);
      expect(await offered('image-factory debian-12 debian-t')).to.deep.equal(['debian-testing']);
    });

    it('offers the options of the command, wherever it stands', async () => {
      expect(await offered('image-factory verify --requ')).to.deep.equal(['--require-signature']);
      const options = await offered('image-factory --config my.conf validate --');
      expect(options).to.include.members(['--online', '--schema-dir']).and.not.include('--dry-run');
    });

    it('offers the words, files or directories that an option takes', async () => {
      expect(await offered('image-factory demo --format q')).to.deep.equal(['qcow2']);
      expect(await offered('image-factory validate --format=j')).to.deep.equal(['--format=json']);
      expect(await offered('image-factory demo -o gold')).to.deep.equal(['golden/']);
      expect(await offered('image-factory render demo --output gold')).to.include.members(['golden/', 'goldfish.txt']);
      expect(await offered('image-factory completion f')).to.deep.equal(['fish']);
      expect(await offered('image-factory cache cl')).to.deep.equal(['clean']);
      expect(await offered('image-factory layout show hyb')).to.deep.equal(['hybrid']);
      expect(await offered('image-factory layout show gold')).to.include.members(['golden/', 'goldfish.txt']);
      expect(await offered('image-factory demo --set forma')).to.deep.equal(['format=']);
    });

    it('offers groups, flavors, and the flavors of an image', async () => {
      expect(await offered('image-factory group show --config my.conf shop')).to.deep.equal(['shopping']);
      expect(await offered('image-factory --config my.conf shop --flavor sand')).to.deep.equal(['sandbox']);
      expect(await offered('image-factory lock --config my.conf shop@')).to.deep.equal(['shop@sandbox']);
    });

    it('offers images and files where both may stand', async () => {
      expect(await offered('image-factory diff --config my.conf shop@')).to.deep.equal(['shop@sandbox']);
      expect(await offered('image-factory bundle debian-13 azu')).to.deep.equal(['azure']);
    });

    it('offers the images of the configuration that the line names, and runs nothing that stands in it', async () => {
      const images = await offered('image-factory show --config my.conf web-');
      expect(images).to.deep.equal(['web-$(touch owned)', 'web-server']);
      expect((await execa('ls', [directory.path])).stdout).not.to.contain('owned');
    });
  });
});
