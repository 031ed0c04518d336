import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { programDirectory } from './program-directory.js';
import { findExecutable, findProgram, programPath, programs, type ProgramName } from './programs.js';

/** Those of Debian, without what only untested architectures need. */
const names = (Object.keys(programs) as ProgramName[]).filter(
  (name) => !('registry' in programs[name]) && !('untested' in programs[name]),
);

function output(file: string, args: readonly string[]): string {
  return execFileSync(file, args, { encoding: 'utf8', cwd: programDirectory, stdio: ['ignore', 'pipe', 'ignore'] });
}

/** A list of packages in the Makefile, as make itself expands it. */
function packagesOf(variable: string): string[] {
  const rule = `print-packages:;@echo $(${variable})`;
  return output('make', ['--silent', '--no-print-directory', '--eval', rule, 'print-packages']).trim().split(/\s+/);
}

describe('the table of programs', () => {
  it('names no package that the Makefile does not install', () => {
    const needed = names.filter((name) => !('optional' in programs[name]));
    expect(packagesOf('BUILD_PACKAGES')).to.include.members(needed.map((name) => programs[name].package));
    expect([...packagesOf('BUILD_PACKAGES'), ...packagesOf('CHECK_PACKAGES')]).to.include.members(
      names.map((name) => programs[name].package),
    );
  });

  it('names for each program a package that brings it, or one that depends on that', function () {
    if (findProgram('qemu-img', '/usr/bin') === undefined || !isDebian()) {
      console.log("      skipped: only on Debian, where dpkg knows a file's package; run it with: make check");
      this.skip();
    }
    const packages = [...new Set(names.map((name) => programs[name].package))];
    const depends = output('dpkg-query', ['--show', '--showformat', '${Package}: ${Depends}\n', ...packages]).split(
      '\n',
    );
    for (const name of names) {
      const { package: named } = programs[name];
      const owners = ownersOf(name);
      const brought = depends.find((line) => line.startsWith(`${named}: `))?.split(/[ ,:]+/);
      expect(brought, name).to.include.oneOf(owners);
    }
  });
});

describe('the tests', () => {
  /** Calls of a program by its name, in tests and what they share. */
  const calls = /\b(?:execa|execaSync|execFileSync|spawn|spawnSync|program|must|call)\(\s*'([\w.-]+)'/g;
  const called = new Set(
    ['src', 'sudo-helper', 'test'].flatMap((directory) =>
      (readdirSync(join(programDirectory, directory), { recursive: true }) as string[])
        .filter((file) => (directory === 'src' ? file.endsWith('.test.ts') : file.endsWith('.ts')))
        .flatMap((file) => [...readFileSync(join(programDirectory, directory, file), 'utf8').matchAll(calls)])
        .map(([, name]) => name!),
    ),
  );

  it('call no program whose package the Makefile does not install', function () {
    if (!isDebian()) {
      console.log("      skipped: only on Debian, where dpkg knows a file's package; run it with: make check");
      this.skip();
    }
    const installed = installedPackages();
    const brought = new Set<string>();
    const bring = (name: string): void => {
      if (brought.has(name)) return;
      brought.add(name);
      installed.get(name)?.depends.forEach(bring);
    };
    for (const [name, { everywhere }] of installed) if (everywhere) bring(name);
    for (const list of ['BUILD', 'CHECK', 'DOC', 'E2E']) packagesOf(`${list}_PACKAGES`).forEach(bring);
    // Not Debian's, but what these tests themselves run by.
    const own = ['node', 'make'];
    expect([...called].length).to.be.greaterThan(40);
    const names = [...called].filter((name) => !own.includes(name) && findExecutable(name, debianPath) !== undefined);
    const missing = names.flatMap((name) => {
      const owners = ownersOf(name);
      return owners.some((owner) => brought.has(owner)) ? [] : [`${name}, of ${owners.join(' or ')}`];
    });
    expect(missing).to.deep.equal([]);
  });
});

/** Where Debian's packages put programs. */
const debianPath = '/usr/bin:/usr/sbin:/bin:/sbin';

interface InstalledPackage {
  /** Whether the smallest Debian has it. */
  readonly everywhere: boolean;
  readonly depends: readonly string[];
}

function installedPackages(): Map<string, InstalledPackage> {
  const fields = '${Package}\t${Essential}\t${Priority}\t${Pre-Depends}, ${Depends}\n';
  const lines = output('dpkg-query', ['--show', '--showformat', fields]).trim().split('\n');
  return new Map(
    lines.map((line) => {
      const [name = '', essential, priority, depends = ''] = line.split('\t');
      const names = depends.split(',').map((each) => each.trim().replace(/[ :(].*/, ''));
      return [name, { everywhere: essential === 'yes' || priority === 'required', depends: names }];
    }),
  );
}

/** `bin/tar`, also for /usr/sbin; or where apt keeps its own. */
function placeOf(name: string): string {
  return name === 'apt-helper' ? 'apt/apt-helper' : `bin/${name}`;
}

let files: readonly string[] | undefined;

/** The packages that have a program; dpkg is asked once for all programs, for it reads the lists of all packages. */
function ownersOf(name: string): string[] {
  files ??= output('dpkg-query', ['--search', '*bin/*', '*/apt/apt-helper']).split('\n');
  return files.filter((line) => line.endsWith(placeOf(name))).map((line) => line.replace(/[:,].*/, ''));
}

function isDebian(): boolean {
  try {
    return output('dpkg-query', ['--show', 'qemu-utils']) !== '';
  } catch {
    return false;
  }
}

describe('programPath', () => {
  it("adds the directories that a normal user's PATH lacks, behind it", () => {
    expect(programPath('/usr/bin:/bin')).to.equal('/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/lib/apt');
  });

  it('names nothing twice, and never the current directory', () => {
    expect(programPath('/usr/sbin::/usr/bin:')).to.equal('/usr/sbin:/usr/bin:/usr/local/sbin:/sbin:/usr/lib/apt');
    expect(programPath('')).to.equal('/usr/local/sbin:/usr/sbin:/sbin:/usr/lib/apt');
  });
});

describe('findProgram', () => {
  let directory: string;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'programs-'))));
  after(() => rmSync(directory, { recursive: true }));

  it('finds the first file that can be executed', () => {
    const [one, two] = ['one', 'two'].map((name) => join(directory, name));
    for (const [parent, mode] of [
      [one, 0o644],
      [two, 0o755],
    ] as const) {
      mkdirSync(parent!);
      writeFileSync(join(parent!, 'virsh'), '#!/bin/sh\n');
      chmodSync(join(parent!, 'virsh'), mode);
    }
    expect(findProgram('virsh', `${one}:${two}`)).to.equal(join(two!, 'virsh'));
    expect(findProgram('virsh', `${directory}:${one}`)).to.equal(undefined);
  });
});
