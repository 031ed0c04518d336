import { expect } from 'chai';
import { settingsOf } from './image-settings.js';

describe('settingsOf', () => {
  it('keeps what an image says of how it runs, and of itself', () => {
    const config = { Env: ['LANG=C'], Cmd: ['/bin/sh'], Labels: { a: 'b' }, Healthcheck: { Test: ['NONE'] } };
    const configuration = { config, author: 'Some One', architecture: 'arm', variant: 'v7', os: 'linux', history: [] };
    expect(settingsOf(configuration, { annotations: { note: 'kept' } })).to.deep.equal({
      ...{ config, author: 'Some One', architecture: 'arm', variant: 'v7', annotations: { note: 'kept' } },
    });
  });

  it('keeps nothing of an image that says nothing, and nothing of another type', () => {
    expect(settingsOf({})).to.equal(undefined);
    expect(settingsOf({ config: null, author: 7, architecture: '' })).to.equal(undefined);
    expect(settingsOf({ config: ['Env'] }, { annotations: { number: 7, word: 'x' } })).to.deep.equal({
      annotations: { word: 'x' },
    });
  });
});
