import { expect } from 'chai';
import { execa } from 'execa';

/** What a program prints to standard error that tells its progress, and then waits so many milliseconds. */
async function toldBy(milliseconds: number): Promise<string> {
  const script = `
    import { briefLog } from './src/cli/brief-log.ts';
    const log = briefLog({});
    log.progress({ text: 'Measuring' });
    setTimeout(() => log.close(), ${milliseconds});`;
  return (await execa('node', ['--import', 'tsx', '--input-type=module', '--eval', script])).stderr;
}

describe('the log of a command with a result', () => {
  it('shows what was told once, before something that takes its time', async () => {
    expect(await toldBy(1500)).to.equal('image-factory: Measuring');
  });

  it('shows nothing of what is done within a second', async () => {
    expect(await toldBy(1)).to.equal('');
  });
});
