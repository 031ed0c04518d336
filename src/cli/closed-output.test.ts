import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { execa } from 'execa';

describe('an output that can not be written', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const module = new URL('./closed-output.ts', import.meta.url).href;
  /** What a shell makes of a program, `"$0" "$@"`, that writes a line a moment after its start and then does its work. */
  async function ended(line: string, written: string): Promise<string> {
    const script = `import { goOnWithoutReaders } from ${JSON.stringify(module)};
      goOnWithoutReaders();
      await new Promise((later) => setTimeout(later, 300));
      for (let count = 0; count < 3; count++) { ${written}; await new Promise((later) => setTimeout(later, 20)); }
      process.exitCode = 7 * Number(process.env.WORK_FAILS ?? 0);`;
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', script];
    const { stdout, stderr } = await execa('bash', ['-c', line, ...node], { cwd: root });
    return `${stdout}${stderr}`;
  }

  it('because its reader has ended is no failure, on standard output and standard error', async () => {
    expect(await ended('"$0" "$@" | true; echo ${PIPESTATUS[0]}', "console.log('x')")).to.equal('0');
    expect(await ended('"$0" "$@" 2>&1 | true; echo ${PIPESTATUS[0]}', "console.error('x')")).to.equal('0');
    const both = "console.log('x'); console.error('x')";
    expect(await ended('WORK_FAILS=1 "$0" "$@" 2>&1 | true; echo ${PIPESTATUS[0]}', both)).to.equal('7');
  });

  it('because a device is full is a failure, told once', async () => {
    expect(await ended('"$0" "$@" > /dev/full; echo $?', "console.log('x')")).to.equal(
      "1image-factory: can't write to standard output: no space left on device",
    );
  });
});
