import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { UsageError } from '../host/failure.js';
import { elementDirectory } from '../../test/support/elements.js';
import { hooksOf, environmentOf } from './merge.js';
import { withParent, writeParentElement } from './parent-system.js';
import { planElements } from './plan.js';
import { packageEntries, squash } from './squash.js';

const hook = '#!/bin/bash\ntrue\n';

/** The framework's own elements, as far as the parent depends on them. */
const framework = { 'dpkg/README.rst': '', 'pkg-map/README.rst': '', 'dib-init-system/README.rst': '' };

describe('elements of a build', () => {
  const removals: (() => void)[] = [];
  afterEach(() => removals.splice(0).forEach((remove) => remove()));

  function planned(files: Readonly<Record<string, string>>, ...asked: string[]) {
    const { directory, remove } = elementDirectory({ ...framework, ...files });
    const parent = mkdtempSync(join(tmpdir(), 'parent-'));
    removals.push(remove, () => rmSync(parent, { recursive: true, force: true }));
    const system = { id: 'debian', codename: 'trixie' };
    const path = { directories: [directory], builder: undefined };
    const plan = planElements({
      asked: withParent(asked, system, {}),
      path,
      further: [writeParentElement(parent, system)],
    });
    const findings = plan.findings.map(
      ({ weight, file, line, message }) =>
        `${weight}: ${file.slice(directory.length + 1)}${line === undefined ? '' : `:${line}`}: ${message.replaceAll(`${directory}/`, '')}`,
    );
    return { ...plan, directory, findings, names: plan.elements.map(({ name }) => name) };
  }

  const problems = (files: Readonly<Record<string, string>>, ...asked: string[]) => {
    try {
      planned(files, ...asked);
    } catch (error) {
      if (error instanceof UsageError) return error.problems.map((each) => each.replace(/ in \/\S+/, ' in DIR'));
      throw error;
    }
    return [];
  };

  it('are those that are asked for, with all that they depend on, breadth first', () => {
    const { names } = planned(
      { 'web/element-deps': 'tls\n\n  users \n', 'tls/element-deps': 'certs\n', 'users/x': '', 'certs/x': '' },
      'web',
    );
    expect(names).to.deep.equal([
      ...['image-factory-parent', 'web', 'dpkg', 'pkg-map', 'dib-init-system'],
      ...['tls', 'users', 'certs'],
    ]);
  });

  it('leave out what another one provides, and what only that one needs', () => {
    const { names, provided } = planned(
      {
        'cache/element-provides': 'proxy\n',
        'web/element-deps': 'proxy\n',
        'proxy/element-deps': 'much\n',
        'much/x': '',
      },
      'cache',
      'web',
    );
    expect(names).to.include('web').and.not.include('proxy').and.not.include('much');
    expect(provided.get('proxy')).to.equal('cache');
  });

  it('may name the system that the parent is: it is there already', () => {
    const { names } = planned({ 'debian/element-deps': 'debian-minimal\n' }, 'debian-minimal', 'debian');
    expect(names).to.include('debian').and.not.include('debian-minimal');
  });

  it('are refused with all that is wrong', () => {
    expect(problems({ 'growroot/x': '' }, 'growrot', 'base')).to.deep.equal([
      "element 'growrot' not found in DIR (did you mean 'growroot'?)",
      "element 'base' not found in DIR",
    ]);
    expect(problems({ 'web/element-deps': 'nginx-conf\n' }, 'web')).to.deep.equal([
      "element 'nginx-conf', which 'web' depends on, not found in DIR",
    ]);
    expect(problems({ 'web/element-deps': '# what it needs\n' }, 'web')[0]).to.match(
      /web\/element-deps: '# what it needs' is taken for the name of an element: there are no comments/,
    );
    expect(problems({ 'fedora/element-provides': 'operating-system\n' }, 'fedora')).to.deep.equal([
      "elements 'image-factory-parent' and 'fedora' both bring an operating system: leave one of them out",
    ]);
    expect(problems({ 'a/element-provides': 'b\n', 'b/x': '' }, 'a', 'b')).to.deep.equal([
      "element 'b' was asked for, and 'a' provides it as well: leave one of them out",
    ]);
  });

  it('take an element from the first directory that has it, as a whole', () => {
    const [ours, theirs] = ['ours', 'theirs'].map((who) =>
      elementDirectory({
        'web/install.d/10-x': hook,
        [`web/install.d/20-${who}`]: hook,
        'os/element-provides': 'operating-system',
      }),
    );
    removals.push(ours!.remove, theirs!.remove);
    const path = { directories: [ours!.directory, theirs!.directory], builder: undefined };
    const { hooks } = planElements({ asked: ['web', 'os'], path });
    expect(hooksOf(hooks, 'install.d').map(({ name }) => name)).to.deep.equal(['10-x', '20-ours']);
  });

  it('run their hooks by number, and source their environment as text', () => {
    const { hooks } = planned(
      {
        'web/install.d/10-b': hook,
        'web/install.d/5-a': hook,
        'web/install.d/x': hook,
        'web/environment.d/5-first.bash': '',
        'web/environment.d/10-second': '',
      },
      'web',
    );
    expect(hooksOf(hooks, 'install.d').map(({ name }) => name)).to.deep.equal(['x', '5-a', '10-b']);
    const names = environmentOf(hooks).map(({ name }) => name);
    expect(names).to.deep.equal(['10-image-factory-parent.bash', '10-second', '5-first.bash']);
  });

  it('are told of hooks that never run, and of names that nothing reads', () => {
    const { findings } = planned(
      {
        'web/install.d/10-x.sh': hook,
        '!web/install.d/20-y': hook,
        'web/finalize.d/10-z': hook,
        'web/elements-deps': 'tls\n',
        'web/package-installs.yml': 'nginx:\n',
        'web/pkg-map': '{}',
        'web/svc-map': 'web:\n  default: nginx\n',
        'web/package-installs.yaml': 'nginx:\n',
        'web/static/etc/core': '',
        'web/environment.d/10-a': '',
        'web/environment.d/5-b': '',
      },
      'web',
    );
    const name = "its name may have letters, digits, '_' and '-' only";
    expect(findings).to.deep.equal([
      "warning: web/elements-deps: nothing reads the file (did you mean 'element-deps'?)",
      'warning: web/environment.d/5-b: it is sourced after 10-a: these names are sorted as text; write two digits',
      "warning: web/finalize.d: the directory is not 'finalise.d': nothing in it runs (did you mean 'finalise.d'?)",
      `warning: web/install.d/10-x.sh: this hook never runs: ${name}; call it 10-x`,
      'warning: web/install.d/20-y: this hook never runs: it is not executable (chmod +x 20-y)',
      "warning: web/package-installs.yml: nothing reads the file (did you mean 'package-installs.yaml'?)",
      'warning: web/static/etc/core: install-static leaves it out (rsync --cvs-exclude): it never comes to /etc/core',
      ...['package-installs.yaml', 'static', 'svc-map'].map((file) => {
        const reader = { 'package-installs.yaml': 'package-installs', static: 'install-static', 'svc-map': 'svc-map' }[
          file
        ];
        return `warning: web/${file}: nothing reads it: element '${reader}' does, and is not among the elements; add it to element-deps`;
      }),
    ]);
  });

  it('do not take for a hook what a hook beside it installs', () => {
    const { findings } = planned(
      {
        '!web/install.d/web.sh': 'true\n',
        'web/install.d/10-web': 'install -m 755 $(dirname $0)/web.sh /usr/bin/web\n',
      },
      'web',
    );
    expect(findings).to.deep.equal([]);
  });

  it('may not have the same hook twice', () => {
    const { findings } = planned(
      { 'one/install.d/10-x': hook, 'other/install.d/10-x': hook, 'one/README.rst': '', 'other/README.rst': '' },
      'one',
      'other',
    );
    expect(findings).to.deep.equal([
      "error: other/install.d/10-x: duplicated hook: element 'one' has one/install.d/10-x as well, and one directory holds both; leave one of the elements out, or rename one of the files",
    ]);
  });

  it('are told what package lists do not mean', () => {
    const list = `nginx:
  uninstall: False
vim:
  phase: finalise.d
emacs:
  arch: amd64, arm64
  instaltype: source
nano:
  when: DIB_EDITOR
ed:
  arch: amd64
  not-arch: arm64
`;
    const { findings } = planned(
      { 'web/package-installs.yaml': list, 'package-installs/x': '' },
      'web',
      'package-installs',
    );
    expect(findings).to.deep.equal([
      "warning: web/package-installs.yaml:1: package 'nginx': 'uninstall: false' counts like 'uninstall: True', because the word is there: take the line out",
      "warning: web/package-installs.yaml:3: package 'vim': in phase 'finalise.d' no packages are installed: only in pre-install.d, install.d, post-install.d",
      "warning: web/package-installs.yaml:7: package 'emacs': 'instaltype' is unknown and does nothing (did you mean 'installtype'?)",
      "warning: web/package-installs.yaml:5: package 'emacs': 'amd64, arm64': blanks beside a comma are taken as part of the name, so that it never matches",
      "error: web/package-installs.yaml:8: package 'nano': when: 'DIB_EDITOR': expected 'VARIABLE = value' or 'VARIABLE != value'",
      "error: web/package-installs.yaml:10: package 'ed': has both arch and not-arch",
    ]);
  });

  it('install and remove packages as diskimage-builder decides', () => {
    const { directory } = planned(
      {
        'a/package-installs.yaml':
          'gcc:\n  uninstall: False\nmake:\n  build-only: True\nvim:\n- arch: arm64\n- when: EDITOR = vim\n',
        'b/package-installs.json': '{"gcc": {}, "make": {"phase": "pre-install.d"}, "tar": {"installtype": "package"}}',
      },
      'a',
      'b',
    );
    const entries = packageEntries(['a', 'b'], [directory]);
    expect(squash(entries, { ARCH: 'amd64', EDITOR: 'vim' })).to.deep.equal({
      'install.d': {
        install: [
          ['make', 'a'],
          ['vim', 'a'],
          ['gcc', 'b'],
        ],
        uninstall: [['make', 'a']],
      },
      'pre-install.d': { install: [['make', 'b']], uninstall: [] },
    });
    expect(() => squash(entries, { ARCH: 'amd64' })).to.throw(
      /a\/package-installs.yaml:5: package 'vim': when: the variable EDITOR is not set/,
    );
  });
});
