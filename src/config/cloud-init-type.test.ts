import { expect } from 'chai';
import { cloudInit } from './cloud-init-type.js';

describe('cloud-init =', () => {
  it('is no, yes, or the datasources to ask, in any spelling of theirs', () => {
    for (const word of ['no', '', 'off']) expect(cloudInit.parse(word)).to.deep.equal({ on: false, datasources: [] });
    for (const word of ['yes', 'On']) expect(cloudInit.parse(word)).to.deep.equal({ on: true, datasources: [] });
    expect(cloudInit.parse('nocloud, configdrive\n Ec2 NoCloud')).to.deep.equal({
      on: true,
      datasources: ['NoCloud', 'ConfigDrive', 'Ec2'],
    });
  });

  it('names the nearest datasource of a misspelt one', () => {
    expect(() => cloudInit.parse('NoClud')).to.throw(/which 'NoClud' is not \(did you mean 'NoCloud'\?\)/);
  });
});
