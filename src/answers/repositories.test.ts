import { expect } from 'chai';
import type { AnswerFileKind } from '../config/image-spec.js';
import { repositoryIndexes } from './repositories.js';

const uris = (kind: AnswerFileKind, text: string, extra: string, suite?: string) =>
  repositoryIndexes({ kind, text, extra, suite }).map(({ uri }) => uri);

describe('repositoryIndexes', () => {
  it("knows the mirror of Debian's installer", () => {
    const answers = [
      'd-i mirror/protocol select https',
      'd-i mirror/https/hostname string mirror.example.org:8080',
      'd-i mirror/https/directory string /debian/',
      'd-i mirror/suite string trixie',
    ];
    expect(repositoryIndexes({ kind: 'preseed', text: answers.join('\n'), extra: '' })).to.deep.equal([
      { what: 'mirror', uri: 'https://mirror.example.org:8080/debian/dists/trixie/Release' },
    ]);
    expect(uris('preseed', answers.slice(0, 2).join('\n'), '')).to.deep.equal([]);
  });

  it('knows the sources of Anaconda', () => {
    const kickstart = [
      'url --url=http://mirror/os/ --proxy=http://proxy/',
      'repo --name=AppStream --baseurl="http://mirror/app stream"',
      'repo --name=updates --mirrorlist=https://mirrors/list?repo=9&arch=x86_64',
      'repo --name=local --baseurl=file:///srv',
      'repo --name=later --baseurl=http://mirror/$releasever',
      '%post',
      '# url --url=http://comment/',
    ];
    expect(uris('kickstart', kickstart.join('\n'), '')).to.deep.equal([
      'http://mirror/os/repodata/repomd.xml',
      'http://mirror/app stream/repodata/repomd.xml',
      'https://mirrors/list?repo=9&arch=x86_64',
    ]);
  });

  it('knows what the other installers are told', () => {
    expect(uris('yast', '<media_url>http://a/b&amp;c</media_url>', '')).to.deep.equal([
      'http://a/b&c/repodata/repomd.xml',
    ]);
    const autoinstall =
      'autoinstall:\n  apt:\n    mirror-selection:\n      primary:\n        - uri: "http://a/ubuntu"\n';
    expect(uris('autoinstall', autoinstall, '', 'noble')).to.deep.equal(['http://a/ubuntu/dists/noble/InRelease']);
    expect(uris('autoinstall', autoinstall, '')).to.deep.equal([]);
    const agama = '{ "software": { "extraRepositories": [{ "alias": "own", "url": "http://a/rpm" }, {}] } }';
    expect(uris('agama', agama, '')).to.deep.equal(['http://a/rpm/repodata/repomd.xml']);
    expect(uris('agama', 'none', '')).to.deep.equal([]);
  });

  it('knows extra-repositories and their keys, in the shape of the family', () => {
    const deb = 'one http://a/debian/ trixie main key=http://a/key.asc\nflat http://b ./\nbare http://c';
    expect(uris('preseed', '', deb)).to.deep.equal([
      'http://a/debian/dists/trixie/InRelease',
      'http://a/key.asc',
      'http://b/InRelease',
      'http://c/InRelease',
    ]);
    expect(uris('yast', '', 'epel http://a/epel/')).to.deep.equal(['http://a/epel/repodata/repomd.xml']);
    expect(uris('yast', '', 'wrong')).to.deep.equal([]);
  });
});
