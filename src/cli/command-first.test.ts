import { expect } from 'chai';
import { commandFirst } from './command-first.js';
import { program } from './program.js';

const first = (line: string) => commandFirst(program(), line.split(' ')).join(' ');

describe('commandFirst', () => {
  it('takes options before the command as if they followed it', () => {
    expect(first('--config my.conf list')).to.equal('list --config my.conf');
    expect(first('--config=my.conf show debian-13 --json')).to.equal('show --config=my.conf debian-13 --json');
    expect(first('--cache-dir fetch fetch debian-13')).to.equal('fetch --cache-dir fetch debian-13');
    expect(first('-qc cache fetch debian-13')).to.equal('fetch -qc cache debian-13');
    expect(first('--config my.conf group show web')).to.equal('group show --config my.conf web');
    expect(first('--store-dir layer layer list --json')).to.equal('layer list --store-dir layer --json');
    expect(first('--config my.conf group --flavor xen')).to.equal('group --config my.conf --flavor xen');
    expect(first('-ccache fetch debian-13')).to.equal('fetch -ccache debian-13');
  });

  it('takes an image that is called like a command for one only after build', () => {
    expect(first('--wait build list')).to.equal('build --wait list');
    expect(first('debian-13 list')).to.equal('debian-13 list');
    expect(first('--wait -- list')).to.equal('--wait -- list');
  });

  it('leaves a build without the word build as it is, but for its help', () => {
    expect(first('--output-dir list debian-13')).to.equal('--output-dir list debian-13');
    expect(first('debian-13 --help')).to.equal('build debian-13 --help');
    expect(first('--help')).to.equal('--help');
    expect(first('--help list')).to.equal('list --help');
  });

  it('can rely on an option to take a value in each command or in none', () => {
    const takesValue = new Map<string, boolean>();
    for (const { options } of program().commands) {
      for (const { short, long, required } of options) {
        for (const name of [short, long]) {
          if (!name) continue;
          expect(takesValue.get(name) ?? required, name).to.equal(required);
          takesValue.set(name, required);
        }
      }
    }
  });
});
