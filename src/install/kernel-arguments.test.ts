import { expect } from 'chai';
import { commandLineProblems } from './kernel-arguments.js';

/** The limits were found with Debian 12's kernel in QEMU: at one more it panics. */
describe('commandLineProblems', () => {
  const words = (count: number, word: (index: number) => string) =>
    ['console=ttyS0 quiet root=/dev/ram0 snd.a=1', ...Array.from({ length: count }, (_, index) => word(index))].join(
      ' ',
    );

  it('counts bytes', () => {
    expect(commandLineProblems(`a.b=${'x'.repeat(2043)}`)).to.deep.equal([]);
    expect(commandLineProblems(`a.b=${'x'.repeat(2044)}`)).to.deep.equal([
      'the kernel arguments have 2048 bytes, but a kernel accepts at most 2047',
    ]);
    expect(commandLineProblems(`a.b=${'ü'.repeat(1022)}`)).to.have.length(1);
  });

  it('counts the variables that are handed to init', () => {
    expect(commandLineProblems(words(31, (index) => `pkg/q${index}=v`))).to.deep.equal([]);
    expect(commandLineProblems(words(32, (index) => `pkg/q${index}=v`))).to.deep.equal([
      '32 kernel arguments are of the form NAME=VALUE that the kernel does not know; it passes at most 31 to init, and panics at the next',
    ]);
    expect(commandLineProblems(words(40, () => 'auto=true'))).to.deep.equal([]);
  });

  it('counts the words, those after -- included', () => {
    expect(commandLineProblems(words(32, () => 'word'))).to.deep.equal([]);
    expect(commandLineProblems(words(33, () => 'word'))).to.have.length(1);
    expect(commandLineProblems(`-- ${words(33, () => 'word=1')}`)).to.have.length(1);
    expect(commandLineProblems(`one="${words(60, () => 'word')}"`)).to.deep.equal([]);
  });
});
