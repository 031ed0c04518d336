import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { rejection } from '../../test/support/host.js';
import { elementDirectory } from '../../test/support/elements.js';
import type { UsageError } from '../host/failure.js';
import { inputsOf, sumOfDirectory, sumOfSystem } from './inputs.js';

describe('what a derived image is made of', () => {
  it('is known of a tree with devices and pipes, which are not read', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'inputs-'));
    try {
      mkdirSync(join(directory, 'run'));
      writeFileSync(join(directory, 'file'), '');
      const before = await sumOfDirectory(directory);
      execFileSync('mkfifo', [join(directory, 'run/initctl')]);
      expect(await sumOfDirectory(directory)).not.to.equal(before);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('is known of a system by owners, permissions, and names in any encoding as well', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'inputs-'));
    const name = (byte: number) => Buffer.concat([Buffer.from(`${directory}/caf`), Buffer.of(byte)]);
    try {
      writeFileSync(name(0xe9), '');
      chmodSync(name(0xe9), 0o640);
      const before = await sumOfSystem(directory);
      chmodSync(name(0xe9), 0o600);
      const stricter = await sumOfSystem(directory);
      renameSync(name(0xe9), name(0xe8));
      expect(new Set([before, stricter, await sumOfSystem(directory)]).size).to.equal(3);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('has no files that can’t be copied', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'inputs-'));
    const changes = {
      ...{ elements: [], elementPath: [], elementEnvironment: {} },
      ...{ packages: { added: [], leftOut: [] }, files: [directory], run: [], postScript: undefined },
    };
    const refused = () =>
      rejection(inputsOf({ image: 'web', parent: '0', arch: 'amd64', goldenExcept: undefined }, changes));
    try {
      execFileSync('mkfifo', [join(directory, 'pipe')]);
      expect(String(await refused())).to.include(
        `${directory}/pipe is neither a file, a directory nor a symbolic link`,
      );
      rmSync(join(directory, 'pipe'));
      writeFileSync(Buffer.concat([Buffer.from(`${directory}/caf`), Buffer.of(0xe9)]), '');
      expect(String(await refused())).to.match(/\[web\] files = .*: the name of .*\/caf.* is not UTF-8; rename it/);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('has no scripts but files: reading a pipe does not end', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'inputs-'));
    const changes = {
      ...{ elements: [], elementPath: [], elementEnvironment: {}, packages: { added: [], leftOut: [] } },
      ...{ files: [], run: [join(directory, 'pipe'), directory], postScript: undefined },
    };
    try {
      execFileSync('mkfifo', [join(directory, 'pipe')]);
      const from = { image: 'web', parent: '0', arch: 'amd64', goldenExcept: undefined };
      const refused = await rejection(inputsOf(from, changes));
      expect((refused as UsageError).problems).to.deep.equal([
        `[web] run = ${directory}/pipe: it is no regular file`,
        `[web] run = ${directory}: it is a directory`,
      ]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('names every element that is read, and the variables of their hooks', async () => {
    const { directory, remove } = elementDirectory({
      'web/element-deps': 'tls\n',
      'tls/install.d/10-x': '#!/bin/sh\n',
    });
    const changes = {
      ...{ elements: ['web'], elementPath: [directory], elementEnvironment: { DIB_B: '2', DIB_A: '1' } },
      ...{ packages: { added: [], leftOut: [] }, files: [], run: [], postScript: undefined },
    };
    const from = { image: 'web', parent: '0', arch: 'amd64', goldenExcept: undefined };
    try {
      const before = await inputsOf(from, changes);
      expect(before).to.include({ elements: 'web', 'element-environment': '[["DIB_A","1"],["DIB_B","2"]]' });
      writeFileSync(join(directory, 'tls/install.d/10-x'), '#!/bin/sh\ntrue\n');
      const after = await inputsOf(from, changes);
      const differing = Object.keys(after).filter((name) => after[name] !== before[name]);
      expect(differing).to.deep.equal(['element tls']);
    } finally {
      remove();
    }
  });
});
