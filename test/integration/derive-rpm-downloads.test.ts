import { addDnf } from '../support/dnf-in-tree.js';
import { describeRpmDownloads } from '../support/rpm-downloads.js';
import { addZypper } from '../support/zypper-in-tree.js';

describeRpmDownloads({
  manager: 'dnf',
  addManager: addDnf,
  name: 'fedora',
  osRelease: 'ID=fedora\nVERSION_ID=40\nNAME="Fedora Linux"\n',
  list: 'etc/yum.repos.d',
  metadata: ['primary', 'filelists'],
  withoutMirror: 'cacheonly=1',
});

describeRpmDownloads({
  manager: 'zypper',
  addManager: addZypper,
  name: 'suse',
  osRelease: 'ID=opensuse-leap\nVERSION_ID=15.6\nNAME="openSUSE Leap"\n',
  list: 'etc/zypp/repos.d',
  metadata: [],
});
