import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { execa } from 'execa';
import { program } from '../support/demo-image.js';

describe('the name of an image of a flavor, such as web@xen', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'flavored-'));
    writeFileSync(
      join(directory, 'my.conf'),
      `[flavor xen]
hypervisor = xen
[flavor plain]
options = !kernel
[flavor arm]
arch = arm64
options = !kernel
[flavor odd]
arch = amd65
[kid]
parent = web
files = files
flavors = plain, xen
[kid2]
parent = kid@plain
files = files
[web]
like = trixie
debian_mirror = http://mirror.invalid/debian
group = base
flavors = xen, plain
root-password-hash = $$6$$salt$$hash
store-dir = ${directory}/store
output-dir = ${directory}/out
`,
    );
    mkdirSync(join(directory, 'files'));
    mkdirSync(join(directory, 'out'));
    for (const [name, version] of [
      ['web@plain-2026-01-02', '1'],
      ['web@plain-2026-01-03', '2'],
    ] as const) {
      writeFileSync(join(directory, 'out', `${name}.tar.zst`), '');
      const packages = [{ name: 'less', version, architecture: 'amd64' }];
      writeFileSync(join(directory, 'out', `${name}.manifest.json`), JSON.stringify({ schemaVersion: 1, packages }));
    }
  });
  after(() => rmSync(directory, { recursive: true }));

  async function call(...words: string[]): Promise<string> {
    const { all } = await execa(program, ['--config', 'my.conf', ...words], {
      ...{ cwd: directory, all: true, reject: false },
    });
    return all;
  }

  it('is one for every command that takes an image', async () => {
    expect(await call('show', 'web@arm'))
      .to.match(/^\[web\]$/m)
      .and.match(/^arch = arm64$/m);
    expect(await call('validate', 'web@xen')).to.include('1 image: nothing found');
    expect(await call('tree', 'web@xen')).to.match(/^web@xen {2}not built$/m);
    expect(await call('render', 'web@xen'))
      .to.include('[web@xen] has no answer file')
      .and.include('made from its packages');
    expect(await call('fetch', 'web@xen'))
      .to.include('has no netboot files')
      .and.include('made from its packages');
    expect(await call('group', 'show', 'base', '--image', 'web@xen')).to.match(
      /^# base: arch=amd64 hypervisor=xen .*suite=trixie/,
    );
    expect(await call('check', 'web@xen')).to.include('web@xen: no such image was built');
    expect(await call('check', 'web@plain')).to.match(/web@plain-2026-01-03\.tar\.zst: an archive of files/);
    expect(await call('bundle', 'web@xen', 'qcow2')).to.include('web@xen: no such image was built');
    expect(await call('write', 'web@xen', 'disk', '--to-file')).to.include('there is no image of web@xen');
  });

  it('has the children of its flavor', async () => {
    expect(await call('tree')).to.equal(
      [
        'web@xen  not built',
        '└─ kid@xen  waits for its parent',
        'web@plain  not built',
        '└─ kid@plain  waits for its parent',
        '   └─ kid2  waits for its parent',
      ].join('\n'),
    );
    expect(await call('list')).to.match(/^kid@plain +Debian 13 \(trixie\) +parent web@plain$/m);
    const children = async (of: string) =>
      (await call('--children-of', of, '--dry-run', '--no-parents')).match(/^# kid\S*$/gm);
    expect(await children('web')).to.deep.equal(['# kid@plain', '# kid@xen', '# kid2']);
    expect(await children('web@plain')).to.deep.equal(['# kid@plain', '# kid2']);
    expect(await call('validate', 'kid2')).to.include('3 images: nothing found');
    expect(await call('show', 'kid2', '--set', 'parent=kid@xn')).to.include('parent = kid@xn');
    expect(await call('validate', 'kid2', '--set', 'parent=kid')).to.include(
      'command line: [kid2]: parent = kid: it is built in several flavors: name one of kid@plain, kid@xen',
    );
    expect(await call('kid2', '--set', 'parent=kid@xn')).to.match(/no image and no layer .*did you mean 'kid@xen'/);
  });

  it('may be left out where all flavors are meant, and not where one is', async () => {
    expect(await call('tree'))
      .to.match(/^web@xen {2}not built$/m)
      .and.match(/^web@plain {2}not built$/m);
    expect(await call('validate', 'web')).to.include('2 images: nothing found');
    for (const words of [
      ['bundle', 'web', 'oci'],
      ['write', 'web', 'disk', '--to-file'],
    ]) {
      expect(await call(...words)).to.include('web has several flavors: name one of web@xen, web@plain');
    }
  });

  it('is refused with the nearest flavor where there is none of that name', async () => {
    for (const words of [['show'], ['validate'], ['tree'], ['check'], ['bundle'], ['write']]) {
      const rest = words[0] === 'bundle' ? ['oci'] : words[0] === 'write' ? ['disk', '--to-file'] : [];
      const said = await call(...words, 'web@xn', ...rest);
      expect(said, words[0]).to.include("there is no section [flavor xn] (did you mean 'xen'?)");
    }
  });

  it('has flavors that are separated by commas, and a mistake in their list has its line', async () => {
    writeFileSync(
      join(directory, 'list.conf'),
      '[flavor xen]\n[flavor arm]\n[list]\nlike = trixie\ngroup = base\nflavors = xen arm\n[child]\nparent = file:base.tar\nflavors = xn\n',
    );
    const validated = async (image: string) => {
      const words = ['--config', 'list.conf', 'validate', image];
      return (await execa(program, words, { cwd: directory, all: true, reject: false })).all;
    };
    expect(await validated('list')).to.include(
      'list.conf:6: [list]: flavors = xen arm: there is no section [flavor xen arm] (names are separated by commas): the flavors are xen, arm',
    );
    expect(await validated('child')).to.match(
      /list\.conf:9: \[child\]: flavors = xn: there is no section \[flavor xn\]/,
    );
  });

  it('tells of a flavor that there is not once, at the line that names it, whether the image is built or a child', async () => {
    const text = `[flavor xen]
[web]
like = trixie
group = base
flavors = no-such
[kid]
parent = web
files = files
[two]
like = trixie
group = base
flavors = xen, no-such
[of-both]
parent = two
files = files
[of-xen]
parent = two@xen
files = files
[of-none]
parent = two@no-such
files = files
`;
    writeFileSync(join(directory, 'unknown.conf'), text);
    const said = async (...words: string[]) => {
      const { all, exitCode } = await execa(program, ['--config', 'unknown.conf', ...words], {
        ...{ cwd: directory, all: true, reject: false },
      });
      expect(exitCode, words.join(' ')).to.equal(2);
      return all.split('\n').filter((line) => !/^\d+ images?: /.test(line));
    };
    const problem = 'there is no section [flavor no-such]: the flavors are xen';
    const ofWeb = `unknown.conf:5: [web]: flavors = no-such: ${problem}`;
    const ofTwo = `unknown.conf:12: [two]: flavors = xen, no-such: ${problem}`;
    for (const [image, line] of [
      ['web', ofWeb],
      ['kid', ofWeb],
      ['two', ofTwo],
      ['two@xen', ofTwo],
      ['of-both', ofTwo],
      ['of-xen', ofTwo],
    ] as const) {
      expect(await said(image, '--dry-run')).to.deep.equal([`image-factory: ${line}`]);
      expect(await said('validate', image)).to.deep.equal([line]);
    }
    const all = await said('validate');
    expect(all.filter((line) => line.includes('[flavor no-such]'))).to.deep.equal([ofWeb, ofTwo]);
    expect((await said('of-none', '--dry-run')).join('')).to.match(/there is no image and no layer of that name; /);
    const set = `command line: [debian-13]: flavors = no-such: ${problem}`;
    expect(await said('debian-13', '--set', 'flavors=no-such', '--dry-run')).to.deep.equal([`image-factory: ${set}`]);
    expect((await said('validate', 'debian-13', '--set', 'flavors=no-such')).join('\n')).to.include(set);
  });

  it('has mistakes of its flavor where that is', async () => {
    expect(await call('validate', 'web@odd')).to.match(
      /my\.conf:9: .*\[flavor odd\] arch = amd65: expected one of .*\(did you mean 'amd64'\?\)/,
    );
  });

  it('finds the packages of an image that is an archive', async () => {
    const [old, current] = ['02', '03'].map((day) => `out/web@plain-2026-01-${day}.tar.zst`);
    expect(await call('diff', old ?? '', current ?? '')).to.match(/^~ +less +1 -> 2/m);
  });
});
