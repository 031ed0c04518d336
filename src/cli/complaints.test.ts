import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { programDirectory } from '../host/program-directory.js';
import { asksForJson } from './complaints.js';

const program = join(programDirectory, 'bin/image-factory');

describe('what goes wrong beside a log', () => {
  const mistakes: Record<string, readonly string[]> = {
    'an unknown option': ['demo', '--nosuch'],
    'a value that is none': ['demo', '--verify', 'perhaps'],
    'two options that exclude each other': ['demo', '-q', '-v'],
    'an image that is not there': ['nosuch'],
    'a configuration that is not there': ['demo', '--config', '/no/such'],
    'a mistake in the section': ['demo', '--image-size', 'huge'],
    'a mistake of fetch': ['fetch', 'nosuch'],
    'several images, one of which is not there': ['demo', 'nosuch'],
  };
  for (const [mistake, words] of Object.entries(mistakes)) {
    it(`is JSON where the log is: ${mistake}`, async () => {
      const args = [...words, '--log-format', 'json'];
      const { stderr, exitCode } = await execa(program, args, { reject: false, env: { IMAGE: '' } });
      expect(exitCode, stderr).to.equal(2);
      const events = stderr.split('\n').map((line) => JSON.parse(line) as { event: string; level?: string });
      expect(events.filter(({ event, level }) => event === 'log' && level === 'error')).not.to.deep.equal([]);
    });
  }

  it('is JSON as soon as it is asked for', () => {
    expect(asksForJson(['demo', '--log-format', 'json'])).to.equal(true);
    expect(asksForJson(['--log-format=json'])).to.equal(true);
    expect(asksForJson(['validate', '--format', 'json'])).to.equal(false);
    expect(asksForJson(['demo', '--', '--log-format=json'])).to.equal(false);
  });
});
