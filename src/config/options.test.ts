import { expect } from 'chai';
import { descriptionOptions } from './description-options.js';
import { camelCase, canonical, type Option } from './option.js';
import { destinationOptions, imageOptions } from './options.js';

const all = Object.entries<Option<unknown>>({ ...imageOptions, ...descriptionOptions, ...destinationOptions });

describe('the option table', () => {
  it('says of every option what it does, in whole sentences', () => {
    for (const [name, { doc }] of all) expect(doc, name).to.match(/^[^\s].*\.$/s);
  });

  it('leaves the default to its own place', () => {
    for (const [name, { doc }] of all) expect(doc, name).not.to.match(/\bdefault/i);
  });

  it('has defaults that its own types understand', () => {
    for (const [name, { type, default: text }] of all) {
      if (text !== undefined) expect(() => type.parse(text), name).not.to.throw();
    }
  });

  it('gives no name and no flag twice, however it is spelt', () => {
    const names = all.map(([name]) => canonical(name));
    const properties = all.map(([name]) => camelCase(name));
    const flags = all.flatMap(([, { flag }]) =>
      flag ? [flag.long, ...(flag.short === undefined ? [] : [flag.short])] : [],
    );
    for (const words of [names, properties, flags]) expect(words).to.deep.equal([...new Set(words)]);
  });

  it('names options as configuration files do: in lower case', () => {
    for (const [name] of all) expect(name).to.match(/^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/);
  });

  it('has a flag for everything that the Python image-factory had one for', () => {
    const flags = all.flatMap(([, { flag }]) => (flag ? [flag.long] : []));
    expect(flags).to.include.members([
      'cache-dir',
      'format',
      'image-size',
      'mac',
      'installer-logs',
      'log-file',
      'log-filename',
    ]);
  });
});

describe('camelCase', () => {
  it('makes a property of an option', () => {
    expect(['image-size', 'cache_dir', 'ram'].map(camelCase)).to.deep.equal(['imageSize', 'cacheDir', 'ram']);
  });
});

describe('canonical', () => {
  it('is the same for - and _', () => {
    expect(canonical('upload_known-hosts')).to.equal(canonical('upload-known_hosts'));
  });
});
