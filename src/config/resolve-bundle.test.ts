import { expect } from 'chai';
import { problemsOf } from '../../test/support/host.js';
import { bundleFormats } from './bundle-formats.js';
import { Configuration } from './configuration.js';
import { resolveTarget, resolveTargets, targetNames } from './resolve-bundle.js';

function configured(text: string): Configuration {
  return new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
}

describe('targets of bundles', () => {
  it('ship for each format, without a mistake in them', () => {
    const shipped = configured('');
    const targets = targetNames(shipped).map((name) => resolveTarget(shipped, name));
    expect([...new Set(targets.map(({ format }) => format))].sort()).to.deep.equal(Object.keys(bundleFormats).sort());
    expect(new Set(targets.map(({ fileName, extension }) => fileName ?? extension)).size).to.equal(targets.length);
    expect(targets.find(({ name }) => name === 'azure')).to.deep.include({
      ...{
        format: 'vhd',
        subformat: 'fixed',
        align: 2 ** 20,
        extension: 'vhd',
        wants: ['cloud-init', 'serial-console'],
      },
    });
  });

  it('are sections of the user, which may be like those that ship', () => {
    const mine = configured(
      [
        '[DEFAULT]\nformat = raw\ncompression = none\noptions = nonsense',
        '[bundle gen2]\nlike = azure\nextension = .gen2.vhd\nneeds = uefi, gpt\nwants =',
        '[bundle small]\nformat = qcow2\noptions = cluster_size=2M,lazy_refcounts=on',
      ].join('\n'),
    );
    expect(resolveTarget(mine, 'gen2')).to.deep.include({
      ...{ format: 'vhd', align: 2 ** 20, extension: 'gen2.vhd', needs: ['uefi', 'gpt'], wants: [] },
    });
    expect(resolveTarget(mine, 'small')).to.deep.include({
      ...{ compression: 'zlib', extension: 'small.qcow2', options: { cluster_size: '2M', lazy_refcounts: 'on' } },
    });
  });

  it('are told with the nearest one where there is none of that name', () => {
    const { problems } = resolveTargets(configured(''), ['azur', 'qcow2'], 'my.conf:3: [web] bundles');
    expect(problems).to.deep.equal([
      "my.conf:3: [web] bundles: there is no target 'azur' (did you mean 'azure'?); 'image-factory bundle --list' lists them, and a section [bundle azur] makes one",
    ]);
  });

  it('are told with file and line where a section is wrong, all mistakes at once', () => {
    const wrong = configured(
      [
        '[bundle a]\nformat = vmdx',
        '[bundle b]\nformat = vhd\nsubformat = fixd\ncompression = xz\nomit = boot/\nneed = uefi',
        '[bundle c]\nformat = ova\noptions = memmory=2048\nalign = 1000b',
        '[bundle d]\nneeds = ufi',
        '[bundle e/f]\nformat = raw',
        '[bundle g]\nformat = qcow2\noptions = backing_file=base.qcow2',
      ].join('\n'),
    );
    const told = (name: string) => problemsOf(() => resolveTarget(wrong, name));
    expect(told('a')[0]).to.match(
      /^my\.conf:2: \[bundle a\] format: expected one of 'qcow2', .* \(did you mean 'vmdk'\?\)$/,
    );
    expect(told('b')).to.deep.equal([
      "my.conf:8: [bundle b] unknown option 'need' (did you mean 'needs'?)",
      "my.conf:5: [bundle b] subformat = fixd: the format vhd has fixed, dynamic (did you mean 'fixed'?)",
      'my.conf:6: [bundle b] compression = xz: the format vhd has none',
      'my.conf:7: [bundle b] omit: a disk is bundled as it is: the format vhd leaves nothing out',
    ]);
    expect(told('c')).to.deep.equal([
      "my.conf:11: [bundle c] options: 'memmory' is unknown: the format ova has cpus, memory, hardware-version, os-type, network (did you mean 'memory'?)",
      'my.conf:12: [bundle c] align: expected a multiple of 512 bytes',
    ]);
    expect(told('d')[0]).to.match(/^my\.conf:14: \[bundle d\] needs: expected one of .* \(did you mean 'uefi'\?\)$/);
    expect(told('g')).to.deep.equal([
      "my.conf:19: [bundle g] options: 'backing_file' can't be set: a bundle is one whole file, of the kind that 'subformat', 'compression' and 'align' say",
    ]);
    expect(told('e/f')).to.deep.equal([
      "my.conf:15: [bundle e/f] the target's name can't be part of a file name: set 'extension'",
    ]);
  });

  it('get a suggestion for the target that they are like', () => {
    const wrong = configured('[bundle mine]\nlike = azur\n[bundle own]\nlike = own\n');
    expect(problemsOf(() => resolveTarget(wrong, 'mine'))[0]).to.match(
      /^my\.conf:2: \[bundle mine\] like = azur: names a section that does not exist \(did you mean 'azure'\?\)/,
    );
    expect(problemsOf(() => resolveTarget(wrong, 'own'))[0]).to.match(
      /\[bundle own\] like = own: names the section itself/,
    );
  });

  it('may not make the same file', () => {
    const same = configured('[bundle mine]\nlike = azure\n');
    const { problems } = resolveTargets(same, ['azure', 'mine'], 'bundles');
    expect(problems).to.deep.equal([
      "bundles: the targets 'azure' and 'mine' would make the same file, which ends with .vhd: give one of them another 'extension'",
    ]);
    const sidecars = configured(
      '[bundle one]\nlike = openstack\nextension = qcow2\n[bundle two]\nlike = aws\nextension = raw\n',
    );
    expect(resolveTargets(sidecars, ['one', 'two'], 'bundles').problems).to.deep.equal([
      "bundles: the targets 'one' and 'two' would make the same file, which ends with .json: give one of them another 'extension'",
    ]);
  });
});
