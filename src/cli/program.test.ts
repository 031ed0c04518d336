import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { rejection } from '../../test/support/host.js';
import { programDirectory } from '../host/program-directory.js';
import { program } from './program.js';

/** What is said of a wrong command line. */
async function complaintOf(...words: string[]): Promise<string> {
  const root = program();
  let said = '';
  for (const command of [root, ...root.commands]) command.configureOutput({ writeErr: (text) => (said += text) });
  await rejection(root.parseAsync(words, { from: 'user' }));
  return said;
}

describe('the command line', () => {
  it('does not take an option for the value that another one lacks', async () => {
    // A job's `--cache-dir $CACHE --log-file debian-13`, with an empty variable.
    expect(await complaintOf('--cache-dir', '--log-file', 'debian-13')).to.equal(
      "error: option '-c, --cache-dir <dir>' argument '--log-file' is invalid. Is the value missing? A file of that name is './--log-file'.\n",
    );
    expect(await complaintOf('show', '--config', '--json', 'debian-13')).to.contain("'--config <file>'");
    expect(await complaintOf('-f', '-c', 'debian-13')).to.contain("'-f, --format <format>'");
    expect(await complaintOf('--timeout', '--wait', 'debian-13')).to.match(
      /'--wait' is invalid\. Is the value missing\?\n$/,
    );
  });

  it('reads one configuration file, and says so where two are named', async () => {
    expect(await complaintOf('list', '--config', 'a.conf', '--config', 'b.conf')).to.equal(
      "error: option '--config <file>' argument 'b.conf' is invalid. 'a.conf' is given as well, but only one file can be read.\n",
    );
  });

  it('does not take an empty value, as of a variable of a job that is not set', async () => {
    for (const flag of ['-o', '-c', '--image-size', '--config']) {
      expect(await complaintOf(flag, '', 'debian-13'), flag).to.contain('The value is empty. Leave the option out');
    }
  });

  it('tells what else may be the value of an option', async () => {
    expect(await complaintOf('--format', 'vmdk', 'debian-13')).to.contain('Allowed choices are qcow2, raw.');
  });

  it('has commands whose names the documents for users of the Python image-factory list', () => {
    const row = /^\| There are no commands\..*$/m.exec(
      readFileSync(join(programDirectory, 'docs/migrating.md'), 'utf8'),
    )?.[0];
    for (const command of program().commands) expect(row).to.contain(`\`${command.name()}\``);
  });
});
