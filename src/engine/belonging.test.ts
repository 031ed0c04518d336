import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { abandonedDirectories, writeBelonging } from './belonging.js';

describe('a directory of a build, elsewhere than its work directory', () => {
  let parent: string;
  beforeEach(() => (parent = mkdtempSync(join(tmpdir(), 'image-factory-belonging-'))));
  afterEach(() => rmSync(parent, { recursive: true }));

  /** No process of Linux has it: the kernel's limit is 2^22 (proc(5), pid_max). */
  const over = 2 ** 22 + 1;

  function directoryOf(name: string, workDir: string, processId: number): string {
    const directory = join(parent, name);
    mkdirSync(directory);
    writeBelonging(directory, { workDir, processId, resources: { domain: name } });
    return directory;
  }

  it('is abandoned once the work directory was removed from outside and the process is over', async () => {
    const directory = directoryOf('gone', join(parent, 'no/such'), over);
    expect(await abandonedDirectories(parent)).to.deep.equal([{ directory, resources: { domain: 'gone' } }]);
  });

  it('is not while the build runs, or its work directory is there', async () => {
    directoryOf('runs', join(parent, 'no/such'), process.pid);
    directoryOf('kept', parent, over);
    expect(await abandonedDirectories(parent)).to.deep.equal([]);
  });

  it('is not told by anything else that lies there', async () => {
    mkdirSync(join(parent, 'else'));
    writeFileSync(join(parent, 'else/belongs-to.json'), '{"workDir": 7}');
    writeFileSync(join(parent, 'disk.raw'), '');
    expect(await abandonedDirectories(parent)).to.deep.equal([]);
    expect(await abandonedDirectories(join(parent, 'no/such'))).to.deep.equal([]);
  });
});
