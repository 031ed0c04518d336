import { expect } from 'chai';
import { problemsOf } from '../../test/support/host.js';
import { overridesFrom } from './overrides.js';
import { program } from './program.js';

describe('what the command line sets', () => {
  it('are flags of the option table, and any option by --set', () => {
    expect(overridesFrom({ imageSize: '3G', logFile: false, set: ['ram=2G', 'Packages = a b', 'mac='] })).to.deep.equal(
      {
        'image-size': '3G',
        'log-file': 'no',
        ram: '2G',
        packages: 'a b',
        mac: '',
      },
    );
    expect(overridesFrom({ set: ['append=a=b $c', 'append=last'] })).to.deep.equal({ append: 'last' });
  });

  it('is an option and a value, and one thing at a time', () => {
    expect(problemsOf(() => overridesFrom({ set: ['ram'] }))).to.deep.equal([
      "--set ram: expected OPTION=VALUE, such as 'image-size=10G'",
    ]);
    expect(problemsOf(() => overridesFrom({ set: ['=2G'] }))[0]).to.contain('--set =2G');
    expect(problemsOf(() => overridesFrom({ imageSize: '3G', set: ['image_size=4G'] }))).to.deep.equal([
      '--set image_size: another flag sets this option as well; give only one of them',
    ]);
  });

  it('can be set for each command that reads the section', () => {
    const commands = program().commands.filter(({ options }) => options.some(({ long }) => long === '--set'));
    expect(commands.map((command) => command.name())).to.have.members([
      'build',
      'show',
      'tree',
      'render',
      'validate',
      'fetch',
    ]);
  });
});
