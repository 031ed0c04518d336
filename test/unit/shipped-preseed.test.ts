import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { UsageError } from '../../src/host/failure.js';
import { preseedCommand } from '../../src/answers/validators/preseed.js';
import { programDirectory } from '../../src/host/program-directory.js';
import { rejection } from '../support/host.js';
import { expectGolden } from '../support/golden.js';
import { questionsOf } from '../support/preseed-questions.js';
import { expectLikedByShellcheck } from '../support/shellcheck.js';
import {
  defaultSection,
  described,
  scriptAtTheEnd,
  shippedAnswerFile,
  shippedImages,
} from '../support/shipped-images.js';

/** Everything that a description can say, so that every line of every template is there. */
const everything = defaultSection({
  ...described,
  'extra-repositories':
    'backports http://deb.example.org/debian stable-backports main contrib\ntools https://tools.example.org/apt key=https://tools.example.org/key.asc\nflat https://flat.example.org/ ./',
  'swap-size': '1G',
  'root-filesystem': 'btrfs',
  firewall: 'yes',
  'post-script': join(programDirectory, 'test/data/post-script'),
  updates: 'no',
  'udeb-suite': 'udebs',
  'allow-unauthenticated': 'yes',
  'install-recommends': 'yes',
  'kernel-package': 'linux-image-cloud-amd64',
});

/** `owner question type value` of each line that is no comment. */
function answers(preseed: string): string[] {
  return preseed.split('\n').filter((line) => !/^(#|\s*$)/.test(line));
}

/**
 * What knows the questions of a release. The list of Debian 12 has few of its components, for the mirror it was made
 * from had no more; what trixie asks, bookworm and bullseye ask as well, as far as it is used here.
 */
async function knownQuestions(image: string): Promise<Set<string>> {
  const known = new Set([...(await questionsOf('debian-12')), ...(await questionsOf('debian-13'))]);
  // Ubuntu Installation Guide for focal, B.4.9 and B.4.10
  const ubuntu = ['apt-setup/universe boolean', 'pkgsel/install-language-support boolean'];
  if (image.startsWith('ubuntu')) ubuntu.forEach((question) => known.add(question));
  if (image === 'debian-13') return new Set(await questionsOf('debian-13'));
  return known;
}

for (const image of shippedImages('preseed')) {
  describe(`the preseed file of ${image}`, () => {
    for (const [variant, user] of Object.entries({ '': '', '-everything': everything })) {
      it(`is test/golden/preseed/${image}${variant}`, async () =>
        expectGolden(`preseed/${image}${variant}`, await shippedAnswerFile(image, user)));
    }

    it('answers questions that the installer asks, each with its own type', async () => {
      const known = await knownQuestions(image);
      const asked = answers(await shippedAnswerFile(image, everything)).map((line) => {
        const [, question = '', type = ''] = line.split(' ');
        return `${question.replace(/\/local\d+\//, '/local0/')} ${type}`;
      });
      expect(asked.filter((question) => !known.has(question))).to.deep.equal([]);
      expect(asked).to.have.length.above(40);
    });

    it('is well-formed to debconf', async function () {
      if (!existsSync('/usr/bin/debconf-set-selections')) {
        console.log('      skipped: debconf is not installed; run it on Debian with: make check');
        this.skip();
      }
      const { status, stderr } = spawnSync('debconf-set-selections', ['--checkonly'], {
        input: await shippedAnswerFile(image, everything),
        encoding: 'utf8',
        env: { ...process.env, ...preseedCommand('').env },
      });
      expect([status, stderr]).to.deep.equal([0, '']);
    });

    it('ends in a script that a shell reads and shellcheck likes', async function () {
      const script = scriptAtTheEnd(await shippedAnswerFile(image, everything));
      execFileSync('sh', ['-n'], { input: script });
      expectLikedByShellcheck(this, [script]);
    });

    it("locks root in the only way that user-setup takes without asking: '!' is none to it", async () => {
      for (const hash of ['', '!']) {
        const preseed = await shippedAnswerFile(image, `[DEFAULT]\nroot-password-hash = ${hash}\n`);
        expect(preseed).to.match(/^d-i passwd\/root-password-crypted password \*$/m);
      }
    });

    it('refuses SELinux, and says why', async () => {
      const error = await rejection(shippedAnswerFile(image, '[DEFAULT]\nselinux = enforcing\nhostname = -x\n'));
      expect((error as UsageError).problems).to.have.length(2);
      expect((error as UsageError).problems[0]).to.match(/^my\.conf:3: \[.*\] hostname = -x: expected a host name/);
      expect((error as UsageError).problems[1]).to.match(
        /^my\.conf:2: \[.*\] selinux = enforcing: preseed can't do that: .*AppArmor/,
      );
    });
  });
}
