import { expect } from 'chai';
import { parseStanza } from './stanza.js';
import { neededUdebs } from './udebs.js';

function needed(...texts: readonly string[]): Record<string, string> {
  const found = neededUdebs(texts.map((text) => parseStanza(`${text}\nVersion: 1`)));
  return Object.fromEntries([...found].map(([{ name }, why]) => [name, why]));
}

describe('the components of debian-installer that a lock has', () => {
  it('are those that it loads by itself, and what they need', () => {
    const chosen = needed(
      'Package: partman-base\nPriority: standard\nDepends: libparted2-udeb, harddrive-detection',
      'Package: libparted2-udeb\nPriority: optional',
      'Package: disk-detect\nPriority: optional\nProvides: harddrive-detection',
      'Package: cdebconf-gtk-udeb\nPriority: optional',
    );
    expect(chosen).to.deep.equal({
      'partman-base': 'installer',
      'libparted2-udeb': 'depends of partman-base',
      'disk-detect': 'depends of partman-base',
    });
  });

  it('are also what a layout may ask for, for every kernel', () => {
    const modules = ['xfs-modules-6.1-amd64-di', 'xfs-modules-6.12-amd64-di', 'mtd-modules-6.12-amd64-di'];
    const chosen = needed(
      ...['partman-xfs', 'lvm2-udeb', ...modules].map((name) => `Package: ${name}\nPriority: optional`),
    );
    expect(Object.keys(chosen)).to.deep.equal(['partman-xfs', 'lvm2-udeb', ...modules.slice(0, 2)]);
  });
});
