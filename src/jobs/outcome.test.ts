import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { Failure, Interrupted, UnknownName, UsageError } from '../host/failure.js';
import { programDirectory } from '../host/program-directory.js';
import { endingOf, exitCodes } from './outcome.js';

describe('how something ended', () => {
  const told = (error: unknown) => {
    const { outcome, messages } = endingOf(error);
    return { exitCode: exitCodes[outcome], messages };
  };

  it('is the user’s mistake, with every problem at once', () => {
    expect(told(new UsageError(['no ram', 'no disk']))).to.deep.equal({ exitCode: 2, messages: ['no ram', 'no disk'] });
  });

  it('is a failure, with what to do', () => {
    const failure = new Failure('the disk is full', { hint: 'Free some space.' });
    expect(told(failure)).to.deep.equal({ exitCode: 1, messages: ['the disk is full\nFree some space.'] });
  });

  it('is the user’s mistake where nothing has the name that they gave, and a failure where a build needs it', () => {
    const unknown = new UnknownName("there is no layer 'wib'", { hint: "Did you mean 'web'?" });
    expect(told(unknown)).to.deep.equal({ exitCode: 2, messages: ["there is no layer 'wib'\nDid you mean 'web'?"] });
    expect(told(new Failure('derive: it is gone', { cause: unknown })).exitCode).to.equal(1);
  });

  it('is an interruption', () => {
    expect(told(new Interrupted('SIGINT'))).to.deep.equal({
      exitCode: 130,
      messages: ['interrupted by SIGINT; all resources released'],
    });
  });

  it('is a failure that says what to do where the program was replaced while it ran', async () => {
    const gone = pathToFileURL(join(programDirectory, 'lib/chunks/of-the-release-before.js'));
    const { exitCode, messages } = told(await import(gone.href).catch((error: unknown) => error));
    expect(exitCode).to.equal(1);
    expect(messages).to.deep.equal([
      'a part of image-factory itself is missing: it was replaced while it ran\n' +
        'Start it again. If that does not help, install it again.',
    ]);
  });

  it('is a failure without a stack where the file system refuses', () => {
    let refused: unknown;
    try {
      readFileSync('/no/such/file');
    } catch (error) {
      refused = error;
    }
    const { exitCode, messages } = told(refused);
    expect(exitCode).to.equal(1);
    expect(messages.join('\n'))
      .to.match(/\/no\/such\/file/)
      .and.not.to.match(/ENOENT| at /);
  });

  it('is a fault of the program with its stack, for anything else', () => {
    expect(told(new TypeError('x is not a function')).messages[0])
      .to.match(/internal error, please report/)
      .and.to.match(/ at /);
  });
});
