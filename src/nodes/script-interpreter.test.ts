import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { rejection } from '../../test/support/host.js';
import { Failure } from '../host/failure.js';
import { namesInterpreter } from './script-interpreter.js';

describe('what runs a script of a derived image', () => {
  let top: string;
  beforeEach(() => (top = mkdtempSync(join(tmpdir(), 'script-interpreter-'))));
  afterEach(() => rmSync(top, { recursive: true }));

  /** Tells of a script whether it names what runs it, in a tree that has these programs. */
  const named = (text: string, ...programs: string[]) => {
    for (const program of programs) {
      mkdirSync(join(top, 'tree', dirname(program)), { recursive: true });
      writeFileSync(join(top, 'tree', program), '');
    }
    writeFileSync(join(top, 'x.sh'), text);
    return namesInterpreter(join(top, 'x.sh'), join(top, 'tree'));
  };
  const failureOf = async (text: string, ...programs: string[]) => {
    const { message, hint } = (await rejection(named(text, ...programs))) as Failure;
    return [message, hint];
  };

  it('is in its first line, or is the shell', async () => {
    expect(await named('#! /usr/bin/perl -w\n', 'usr/bin/perl')).to.equal(true);
    expect(await named('\x7fELF')).to.equal(true);
    expect(await named('true\n', 'bin/sh')).to.equal(false);
  });

  it('is found by the links of the tree', async () => {
    mkdirSync(join(top, 'tree'));
    symlinkSync('/usr/bin', join(top, 'tree/bin'));
    expect(await named('true\n', 'usr/bin/sh')).to.equal(false);
  });

  it('may be the shell instead, if the tree has one', async () => {
    const missing = 'x.sh can\'t run: its first line asks for "/usr/bin/perl", which the tree does not have';
    const bring = "Bring it with 'packages' or 'files', which come before scripts";
    expect(await failureOf('#!/usr/bin/perl\n')).to.deep.equal([missing, `${bring}.`]);
    expect(await failureOf('#!/usr/bin/perl\n', 'bin/sh')).to.deep.equal([missing, `${bring}, or use #!/bin/sh.`]);
  });

  it('must be named where the tree has no shell', async () => {
    expect(await failureOf('true\n')).to.deep.equal([
      "x.sh can't run: its first line names no interpreter, and the tree does not have /bin/sh",
      "Name one that the tree has in its first line, after '#!', or bring one with 'packages' or 'files', which come before scripts.",
    ]);
  });

  it('is not what a line that ends as on Windows names', async () => {
    const [message, hint] = await failureOf('#!/bin/sh\r\n', 'bin/sh');
    expect(message).to.match(/asks for "\/bin\/sh\\r"/);
    expect(hint).to.equal("Its lines end as on Windows: sed -i 's/\\r$//' x.sh");
  });
});
