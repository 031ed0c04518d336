import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { problemsOf } from '../../test/support/host.js';
import { programDirectory } from '../host/program-directory.js';
import { shippedFile } from './configuration-files.js';
import { Configuration } from './configuration.js';

describe('Configuration', () => {
  const shipped = `
[DEFAULT]
mirror = http://deb.example.org
program_dir = /usr/share/image-factory

[demo]
linux = \${program_dir}/linux
append = mirror=\${mirror} ram=\${ram}
ram = 256M

[debian-12]
preseed = debian.preseed.hbs
`;

  /** The program's images below, the user's files above. */
  function configuration(...files: string[]): Configuration {
    const sources = files.map((text, index) => ({ name: `user-${index + 1}.conf`, text }));
    return new Configuration(sources, [{ name: 'shipped.conf', text: shipped }]);
  }

  function valueOf(from: Configuration, image: string, option: string): string | undefined {
    const { document, name } = from.section(image);
    return document.get(name, option);
  }

  describe('what ships with the program, and what the user says', () => {
    it('has the shipped images without any file of the user', () => {
      expect(configuration().imageNames()).to.deep.equal(['demo', 'debian-12']);
      expect(valueOf(configuration(), 'demo', 'append')).to.equal('mirror=http://deb.example.org ram=256M');
      expect(configuration().isOwn('demo')).to.be.false;
    });

    it("puts the user's [DEFAULT] above the shipped one, for shipped images as well", () => {
      const own = configuration('[DEFAULT]\nmirror = http://mirror.local\nram = 8G\n');
      expect(valueOf(own, 'demo', 'append')).to.equal('mirror=http://mirror.local ram=256M');
      expect(valueOf(own, 'debian-12', 'ram')).to.equal('8G');
    });

    it('replaces a shipped section as a whole, and gives it nothing of the shipped [DEFAULT]', () => {
      const own = configuration('[demo]\nlinux = /boot/vmlinuz\n');
      expect(own.isOwn('demo')).to.be.true;
      expect(valueOf(own, 'demo', 'linux')).to.equal('/boot/vmlinuz');
      expect(valueOf(own, 'demo', 'ram')).to.equal(undefined);
      expect(valueOf(own, 'demo', 'mirror')).to.equal(undefined);
      expect(own.imageNames()).to.deep.equal(['demo', 'debian-12']);
    });

    it('lets the later of two files win, option by option', () => {
      const own = configuration('[mine]\nlinux = /one\nram = 1G\n', '[mine]\nlinux = /two\n');
      expect(valueOf(own, 'mine', 'linux')).to.equal('/two');
      expect(valueOf(own, 'mine', 'ram')).to.equal('1G');
    });

    it("lets a shipped image see the user's sections", () => {
      const own = configuration('[DEFAULT]\nram = ${sizes:small}\n[sizes]\nsmall = 128M\n');
      expect(valueOf(own, 'debian-12', 'ram')).to.equal('128M');
    });
  });

  describe('images', () => {
    it('are the sections that say how to install: no destination, no section of mere values', () => {
      const own = configuration(`
[DEFAULT]
preseed = all.cfg
[medium]
installer-image = /srv/debian.iso
[autoyast]
YAST = a.xml
[mirror]
upload_type = rsync
upload_target = host:/srv/
[sizes]
small = 1G
`);
      expect(own.imageNames()).to.deep.equal(['medium', 'autoyast', 'demo', 'debian-12']);
    });

    it('are suggested where there is no section of a name', () => {
      expect(problemsOf(() => configuration('[mine]\nlinux = /linux\n').section('debain-12'))).to.deep.equal([
        "there is no section [debain-12] (did you mean 'debian-12'?): neither in user-1.conf nor among the shipped images; 'image-factory list' shows them all",
      ]);
      expect(problemsOf(() => configuration().section('a\nb')).join()).to.contain('there is no section [a\\nb]');
      expect(problemsOf(() => configuration().section('DEFAULT')).join()).to.contain('there is no section [DEFAULT]');
    });
  });

  describe('load', () => {
    const home = process.env.HOME;
    let directory: string;

    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'configuration-'));
      process.env.HOME = directory;
    });
    afterEach(() => {
      process.env.HOME = home;
      rmSync(directory, { recursive: true });
    });

    function file(name: string, content: string | Buffer): string {
      const path = join(directory, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      return path;
    }

    it('reads the file in the home directory', () => {
      file('.config/image-factory.conf', '[from-home]\nlinux = /linux\n');
      expect(Configuration.load(undefined, {}).isOwn('from-home')).to.be.true;
    });

    it('does without any file', () => {
      const loaded = Configuration.load(undefined, {});
      expect(loaded.imageNames()).to.include('demo');
      expect(valueOf(loaded, 'demo', 'program_dir')).to.equal(programDirectory);
    });

    it('reads only the file that IMAGE_FACTORY_CONFIG names, and rather the one that --config names', () => {
      file('.config/image-factory.conf', '[from-home]\nlinux = /linux\n');
      const byVariable = file('variable.conf', '[from-variable]\nlinux = /linux\n');
      const byOption = file('option.conf', '[from-option]\nlinux = /linux\n');
      const environment = { IMAGE_FACTORY_CONFIG: byVariable };
      const owned = (loaded: Configuration) => loaded.imageNames().filter((name) => loaded.isOwn(name));
      expect(owned(Configuration.load(undefined, environment))).to.deep.equal(['from-variable']);
      expect(owned(Configuration.load(byOption, environment))).to.deep.equal(['from-option']);
    });

    it('takes an empty IMAGE_FACTORY_CONFIG for one that is not set', () => {
      file('.config/image-factory.conf', '[from-home]\nlinux = /linux\n');
      expect(Configuration.load(undefined, { IMAGE_FACTORY_CONFIG: '' }).isOwn('from-home')).to.be.true;
    });

    it('warns of a file that is there and can not be read', () => {
      mkdirSync(join(directory, '.config'));
      symlinkSync(join(directory, 'nowhere'), join(directory, '.config/image-factory.conf'));
      expect(Configuration.load(undefined, {}).warnings).to.deep.equal([
        `the configuration file ${directory}/.config/image-factory.conf is passed over: the link leads nowhere`,
      ]);
    });

    it('reads from a pipe to its end, and refuses what has none', () => {
      const pipe = join(directory, 'pipe');
      execFileSync('mkfifo', [pipe]);
      spawn('sh', ['-c', 'sleep 0.2; printf "[piped]\\nlinux = /linux\\n" > "$0"', pipe]);
      expect(Configuration.load(pipe, {}).isOwn('piped')).to.be.true;
      expect(problemsOf(() => Configuration.load('/dev/zero', {}))).to.deep.equal([
        "can't read the configuration file '/dev/zero' (named by --config): it is larger than 16 MiB",
      ]);
      expect(Configuration.load('/dev/null', {}).imageNames()).to.include('demo');
    });

    it('needs a file that was named, and says who named it', () => {
      const missing = join(directory, 'missing.conf');
      expect(problemsOf(() => Configuration.load(missing, {}))[0]).to.match(
        /^can't read the configuration file '.*missing\.conf' \(named by --config\): no such file or directory$/,
      );
      expect(problemsOf(() => Configuration.load(undefined, { IMAGE_FACTORY_CONFIG: directory }))[0]).to.match(
        /\(named by IMAGE_FACTORY_CONFIG\): it is a directory$/,
      );
    });

    it('builds the shipped images from a copy of the shipped file as well', () => {
      const copy = Configuration.load(file('copy.conf', readFileSync(shippedFile)), {});
      for (const name of copy.imageNames()) {
        expect(copy.isOwn(name), name).to.be.true;
        expect(() => copy.section(name).document.items(name), name).not.to.throw();
      }
    });

    it('names file and line of what can not be read', () => {
      const wrong = file('wrong.conf', '[a]\nram\n');
      expect(problemsOf(() => Configuration.load(wrong, {}))[0]).to.match(/^\/.*wrong\.conf:2: this line is no/);
      const latin1 = file('latin1.conf', Buffer.from('[a]\nname = M\xfcller\n', 'latin1'));
      expect(problemsOf(() => Configuration.load(latin1, {}))).to.deep.equal([`${latin1}: not a text in UTF-8`]);
    });

    it('puts the machine below the shipped sections, whatever its directories are called', () => {
      process.env.HOME = join(directory, '$HOME of ${nobody}');
      expect(valueOf(Configuration.load(undefined, {}), 'demo', 'default_cache_dir')).to.satisfy(
        (cache: string) => cache === '/var/cache/image-factory' || cache.startsWith(`${process.env.HOME}/.cache`),
      );
    });
  });
});
