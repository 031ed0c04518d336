import { expect } from 'chai';
import { elementDirectory } from '../../test/support/elements.js';
import { elementsRead } from './element-inputs.js';

describe('the elements that a build reads', () => {
  it('are those that are asked for, and all that they name', () => {
    const { directory, remove } = elementDirectory({
      'web/element-deps': 'tls\nmissing\n',
      'tls/element-deps': 'certs\nweb\n',
      'certs/x': '',
      'dpkg/element-deps': 'manifests\n',
      'manifests/x': '',
      'other/x': '',
    });
    try {
      const names = elementsRead(['web'], [directory]).map(({ name }) => name);
      expect(names).to.include.members(['certs', 'dpkg', 'manifests', 'tls', 'web']).and.not.include('other');
    } finally {
      remove();
    }
  });
});
