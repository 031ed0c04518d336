import { expect } from 'chai';
import type { Command } from 'commander';
import { problemsOf } from '../../test/support/host.js';
import { showHelp } from './help.js';
import { program } from './program.js';

/** The help of a command, or of the program, on a terminal of so many columns. */
function helpAt(columns: number, name?: string): string {
  const root = program();
  let text = '';
  for (const command of [root, ...root.commands]) {
    command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => columns });
  }
  showHelp(root, name);
  return text;
}

const build = program().commands.find((command) => command.name() === 'build') as Command;

describe('the help', () => {
  it('of the program names every command, and fits a screen', () => {
    const text = helpAt(80);
    for (const command of program().commands) expect(text).to.match(new RegExp(`^  ${command.name()} `, 'm'));
    expect(text).to.contain('--config <file>').and.not.to.contain('--dry-run');
    expect(text.split('\n')).to.have.length.below(60);
  });

  it('of a build has each option once, under the heading of its group', () => {
    const text = helpAt(80, 'build');
    for (const { long } of build.options)
      expect(text.match(new RegExp(`^  (-\\w, )?${long}\\b(?!-)`, 'gm')), long).to.have.length(1);
    expect(text).to.match(/^Disk:\n {2}--image-size/m);
    expect(text).to.match(/^Output:\n {2}-f, --format/m);
    expect(text.match(/^Log:$/gm)).to.have.length(1);
  });

  it('is no wider than the terminal', () => {
    for (const columns of [40, 60, 80, 100]) {
      for (const name of program().commands.map((command) => command.name())) {
        const lines = helpAt(columns, name)
          .split('\n')
          .filter((line) => !/^(?:Usage:| {7}image-factory)/.test(line));
        for (const line of lines) expect(line.length, line).to.be.at.most(columns);
      }
    }
  });

  it('names the nearest command where there is none of that name', () => {
    expect(problemsOf(() => showHelp(program(), 'lst'))).to.deep.equal([
      "there is no command 'lst' (did you mean 'list'?): 'image-factory --help' lists them all",
    ]);
    expect(problemsOf(() => showHelp(program(), 'nosuch'))[0]).to.match(/^there is no command 'nosuch': /);
  });
});
