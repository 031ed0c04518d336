import { expect } from 'chai';
import { changeEnvironment, problemsOf } from '../../test/support/host.js';
import { Configuration } from '../config/configuration.js';
import { checkNames, namedImage, namedImages } from './image-names.js';
import { program } from './program.js';

const configuration = new Configuration([], Configuration.shippedSources());

/** What is said of the images of a command line that `build` gets. */
function problemsWith(line: string): readonly string[] {
  const root = program();
  root.args = line.split(' ');
  const build = root.commands.find((command) => command.name() === 'build')!;
  const names = root.args.filter((word) => word !== 'build' && word !== '--');
  return problemsOf(() => checkNames(configuration, names, build));
}

describe('namedImages', () => {
  let restore: () => void;
  beforeEach(() => (restore = changeEnvironment({ IMAGE: undefined })));
  afterEach(() => restore());

  it('are those of the command line, each once, and else that of the environment', () => {
    expect(namedImages(['debian-12', 'debian-13', 'debian-12'])).to.deep.equal(['debian-12', 'debian-13']);
    process.env.IMAGE = 'rocky-9';
    expect(namedImages([])).to.deep.equal(['rocky-9']);
    expect(namedImage(undefined)).to.equal('rocky-9');
    expect(namedImage('debian-12')).to.equal('debian-12');
  });

  it('are asked for where there are none, or IMAGE is empty', () => {
    expect(problemsOf(() => namedImages([]))[0]).to.match(/^no image given/);
    process.env.IMAGE = '';
    expect(problemsOf(() => namedImage(undefined))[0]).to.match(/^no image given/);
  });
});

describe('checkNames', () => {
  it('suggests the command that was mistyped', () => {
    expect(problemsWith('rendr debian-13')).to.have.length(1);
    expect(problemsWith('rendr debian-13')[0]).to.match(/^no command and no image 'rendr' \(did you mean 'render'\?\)/);
    expect(problemsWith('biuld debian-13')[0]).to.contain("(did you mean 'build'?)");
    expect(problemsWith('debain-13')[0]).to.contain("(did you mean 'debian-13'?)");
    expect(problemsWith('version')[0]).to.contain("(did you mean '--version'?)");
    expect(problemsWith('clean')[0]).to.match(/^no command and no image 'clean': 'image-factory --help'/);
  });

  it('takes all words after build, and after the first image, for images', () => {
    expect(problemsWith('build rendr')[0]).to.match(/^there is no section \[rendr\]/);
    expect(problemsWith('debian-13 lst nosuch')).to.have.length(2);
    expect(problemsWith('debian-13 lst')[0]).to.match(/^there is no section \[lst\]/);
  });

  it("says that words after '--' are never options", () => {
    expect(problemsWith('demo -- --dry-run')).to.deep.equal([
      "there is no image '--dry-run': words after '--' are never options",
    ]);
  });
});
