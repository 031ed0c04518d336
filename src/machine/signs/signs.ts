import { anacondaSigns } from './anaconda.js';
import { debianInstallerSigns } from './debian-installer.js';
import type { Sign } from './sign.js';
import { suseSigns } from './suse.js';
import { firmwareSigns, systemSigns } from './system.js';
import { ubuntuSigns } from './ubuntu.js';

/** What the script of an answer file says where the installer would go on after its failure: stop-on-failure.sh.hbs. */
const failedScript: Sign = {
  kind: 'failure',
  where: 'line',
  pattern: /image-factory: the script at the end of the installation failed/,
  stands: 0,
  counts: 'installation',
  means: 'the script at the end of the installation failed',
};

/** Every sign there is. Where several are shown at once, the first counts. */
export const signs: readonly Sign[] = [
  failedScript,
  ...systemSigns,
  ...debianInstallerSigns,
  ...anacondaSigns,
  ...ubuntuSigns,
  ...suseSigns,
  ...firmwareSigns,
];

export function signsOf(what: 'installation' | 'boot test'): readonly Sign[] {
  return signs.filter(({ counts }) => counts === what || counts === 'both');
}
