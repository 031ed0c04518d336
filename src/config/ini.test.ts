import { expect } from 'chai';
import { UsageError } from '../host/failure.js';
import { IniDocument } from './ini.js';

describe('IniDocument', () => {
  it('gives the options of a section, those of [DEFAULT] included', () => {
    const document = parse(`
[DEFAULT]
format = qcow2
ram = 1024

[Ubuntu-20.04-LTS-server]
Linux: http://archive.ubuntu.com/linux
RAM = 2048
`);
    expect([...document.sections.keys()]).to.deep.equal(['Ubuntu-20.04-LTS-server']);
    expect(document.optionNames('Ubuntu-20.04-LTS-server')).to.deep.equal(['linux', 'ram', 'format']);
    expect(document.get('Ubuntu-20.04-LTS-server', 'Ram')).to.equal('2048');
    expect(document.get('Ubuntu-20.04-LTS-server', 'format')).to.equal('qcow2');
    expect(document.get('Ubuntu-20.04-LTS-server', 'mac')).to.equal(undefined);
    expect(document.get('DEFAULT', 'ram')).to.equal('1024');
  });

  it('knows where an option was set', () => {
    const document = IniDocument.parse([
      { name: '/etc/image-factory.conf', text: '[a]\nram = 1\ncores = 1\n' },
      { name: 'my.conf', text: '\n[a]\nRAM =\n  2\n' },
    ]);
    expect(document.raw('a', 'ram')).to.deep.equal({ value: '\n2', file: 'my.conf', line: 3 });
    expect(document.raw('a', 'cores')).to.deep.equal({ value: '1', file: '/etc/image-factory.conf', line: 3 });
  });

  it('has no section [DEFAULT], and takes nothing from it for a section that does not exist', () => {
    const document = parse('[DEFAULT]\nram = 1\n');
    expect(document.has('DEFAULT')).to.equal(false);
    expect(document.raw('nowhere', 'ram')).to.equal(undefined);
    expect(document.get('nowhere', 'ram', { ram: '2' })).to.equal(undefined);
  });

  it('leaves values as they are written: no comment at the end, no numbers, no arrays, no quotes taken off', () => {
    const document = parse('[a]\nx = 007 ; not a comment # nor this\ny[] = "yes"\nz : a = b\nrem = an option\n');
    expect(document.items('a')).to.deep.include({ x: '007 ; not a comment # nor this', z: 'a = b', rem: 'an option' });
    expect(document.get('a', 'y[]')).to.equal('"yes"');
  });

  it('joins the lines of a value, with the blank lines and without the comments between them', () => {
    const document = parse('[a]\nx = one\n  two\n# comment\n\n    three = 3\n  [four]\n\n\ny = 5\n');
    expect(document.get('a', 'x')).to.equal('one\ntwo\n\nthree = 3\n[four]');
    expect(document.get('a', 'y')).to.equal('5');
  });

  it('is at ease with option names that mean something to JavaScript', () => {
    const items = parse('[__proto__]\n__proto__ = 1\nconstructor = 2\n').items('__proto__');
    expect(JSON.stringify(items)).to.equal('{"__proto__":"1","constructor":"2"}');
    expect('toString' in items).to.equal(false);
  });

  it('lists every problem of every file, each with its line', () => {
    const wrong = [
      { name: 'a.conf', text: '[a]\nram = 1\nwithout delimiter\nRAM = 2\n[b]\n= 3\n[a]\nram = 4\n' },
      { name: 'b.conf', text: '# comment\nram = 1\nram = 2\n' },
      { name: 'c.conf', text: '\ufeff[a]\n' },
    ];
    expect(problemsOf(() => IniDocument.parse(wrong))).to.deep.equal([
      "a.conf:3: this line is no [section], no 'option = value' and no indented continuation of a value",
      'a.conf:4: [a] ram is set twice in this file, first in line 2',
      "a.conf:6: there is no option name before '='",
      'a.conf:7: section [a] appears twice in this file, first in line 1',
      'b.conf:2: this line comes before the first [section]',
      'c.conf:1: this line comes before the first [section]; it begins with a byte order mark: save the file as UTF-8 without one',
    ]);
  });

  it('does not repeat a line that is wrong: it may hold a password', () => {
    expect(problemsOf(() => parse('[a]\nhunter2\n')).join()).not.to.include('hunter2');
  });

  it('names every option of a section that can not be resolved', () => {
    const document = parse('[a]\nx = ${nothing}\ny = fine\nz = 5$\n');
    expect(problemsOf(() => document.items('a'))).to.have.length(2);
    expect(document.get('a', 'y')).to.equal('fine');
  });

  it('suggests the section that was meant', () => {
    const document = parse('[debian-12]\n');
    expect(problemsOf(() => document.items('Debian-12'))).to.deep.equal([
      "there is no section [Debian-12] (did you mean 'debian-12'?)",
    ]);
  });

  it('sets options for one run, and lets references see them', () => {
    const document = parse('[DEFAULT]\nx = 1\n[a]\nram = 1\nboth = ${RAM} ${x}\n[b]\nof-a = ${a:ram}\n');
    const changed = document.with('a', { RAM: '2', x: '${ram}' });
    expect(changed.get('a', 'both')).to.equal('2 2');
    expect(changed.get('b', 'of-a')).to.equal('2');
    expect(changed.get('b', 'x')).to.equal('1');
    expect(changed.raw('a', 'ram')).to.deep.equal({ value: '2', file: '', line: 0 });
    expect(document.get('a', 'both')).to.equal('1 1');
    expect(document.with('DEFAULT', { x: '3' }).get('b', 'x')).to.equal('3');
    expect(document.with('nowhere', { ram: '2' })).to.equal(document);
  });

  it('knows every option that references mention', () => {
    const document = parse('[DEFAULT]\nx = ${Mirror}/$${not}\n[a]\ny = ${b:ram}${size} $\n');
    expect([...document.references('a')]).to.have.members(['mirror', 'ram', 'size']);
  });

  it('takes time that grows with the file, and no faster', () => {
    const last = 200_000;
    const section = (n: number) => `[image-${n}]\nram = ${n}\nlinux = \${base}/\${ram}\nappend = quiet\n  noprompt\n\n`;
    const sections = Array.from({ length: last + 1 }, (_, n) => section(n)).join('');
    const before = process.cpuUsage();
    const document = parse(`[DEFAULT]\nbase = http://ftp.debian.org\n${sections}`);
    expect(document.get(`image-${last}`, 'linux')).to.equal(`http://ftp.debian.org/${last}`);
    // A second or two. Were each section compared with all others, that would be 20,000,000,000 times.
    expect(process.cpuUsage(before).user).to.be.below(60_000_000);
  });
});

function parse(text: string): IniDocument {
  return IniDocument.parse([{ name: 'test.conf', text }]);
}

function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  return [];
}
