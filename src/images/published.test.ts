import { expect } from 'chai';
import type { Destination } from '../config/destination.js';
import { buildPaths, type Plan } from './build.js';
import { uploaded } from './published.js';

describe('what goes to a destination', () => {
  const plan = (signing: Plan['spec']['signing']): Plan => {
    const spec = {
      name: 'a',
      baseName: 'a-2026-01-02',
      format: 'qcow2',
      outputDir: '/out',
      manifest: true,
      sbom: 'no',
      signing,
    };
    const known = spec as unknown as Plan['spec'];
    return { spec: known, paths: buildPaths(known, true) } as Plan;
  };
  const destination = (artifacts?: 'image' | 'all') =>
    ({
      name: 'd',
      type: 'rsync',
      target: 't',
      args: [],
      postUploadCommands: [],
      ...(artifacts && { artifacts }),
    }) as Destination;
  const imageAlone = ['/out/a-2026-01-02.qcow2', '/out/a-2026-01-02.qcow2.sha256sum'];
  const signing = { by: 'gpg', key: 'k' } as unknown as Plan['spec']['signing'];

  it('is the image with its checksum, as ever', () => {
    expect(uploaded(plan(undefined), destination())).to.deep.equal(imageAlone);
  });

  it('is everything for an image that is signed, signatures last', () => {
    const files = uploaded(plan(signing), destination());
    expect(files[0]).to.equal(imageAlone[0]);
    expect(files).to.include.members([...imageAlone, '/out/a-2026-01-02.manifest.json']);
    expect(files.at(-1)).to.match(/\.asc$/);
  });

  it('is what the destination asks for', () => {
    expect(uploaded(plan(signing), destination('image'))).to.deep.equal(imageAlone);
    expect(uploaded(plan(undefined), destination('all'))).to.include('/out/a-2026-01-02.manifest.json');
  });
});
