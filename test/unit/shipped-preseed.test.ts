import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Configuration } from '../../src/config/configuration.js';
import { resolveImage } from '../../src/config/resolve.js';
import { UsageError } from '../../src/host/failure.js';
import { programDirectory } from '../../src/host/program-directory.js';
import { rejection } from '../../src/host/testing.js';
import { renderAnswerFile } from '../../src/install/answer-file.js';
import { answerFileSource } from '../../src/pipeline/answer-file-source.js';
import { questionsOf } from '../preseed-questions.js';

/** The files to compare with; `UPDATE_GOLDEN=1` writes them anew. */
const goldenFiles = join(programDirectory, 'test/data/preseed');

const shipped = new Configuration([], Configuration.shippedSources());
const images = shipped
  .imageNames()
  .filter((name) => name !== 'demo' && resolveImage(shipped, name, {}, '2026-11-21').answerFile.kind === 'preseed');

/** Everything that a description can say, so that every line of every template is there. */
const everything = `[DEFAULT]
hostname = web
domain = example.org
locale = de_DE.UTF-8
keymap = de
timezone = Europe/Berlin
root-password-hash = $$6$$salt$$hash
user = ops
user-password-hash = $$6$$salt$$other
ssh-authorized-keys = ssh-ed25519 AAAA one
    ssh-ed25519 BBBB two
packages = nginx -nano
services-enabled = nginx
services-disabled = cron
extra-repositories = backports http://deb.example.org/debian stable-backports main contrib
    tools https://tools.example.org/apt key=https://tools.example.org/key.asc
    flat https://flat.example.org/ ./
proxy = http://proxy.example.org:3128/
kernel-arguments = console=ttyS0 quiet
swap-size = 1G
root-filesystem = btrfs
firewall = yes
post-script = ${join(programDirectory, 'test/data/post-script')}
updates = no
udeb-suite = udebs
allow-unauthenticated = yes
install-recommends = yes
kernel-package = linux-image-cloud-amd64
`;

async function rendered(image: string, user = ''): Promise<string> {
  const configuration = new Configuration([{ name: 'my.conf', text: user }], Configuration.shippedSources());
  const { content } = await renderAnswerFile(answerFileSource(resolveImage(configuration, image, {}, '2026-11-21')));
  return content.toString();
}

/** `owner question type value` of each line that is no comment. */
function answers(preseed: string): string[] {
  return preseed.split('\n').filter((line) => !/^(#|\s*$)/.test(line));
}

function scriptOf(preseed: string): string {
  return Buffer.from(/echo (\S+) \| base64 -d/.exec(preseed)?.[1] ?? '', 'base64').toString();
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

for (const image of images) {
  describe(`the preseed file of ${image}`, () => {
    for (const [variant, user] of Object.entries({ '': '', '-everything': everything })) {
      it(`is test/data/preseed/${image}${variant}`, async () => {
        const file = join(goldenFiles, image + variant);
        const preseed = await rendered(image, user);
        if (process.env.UPDATE_GOLDEN) writeFileSync(file, preseed);
        if (!existsSync(file)) throw new Error(`there is no ${file} yet: UPDATE_GOLDEN=1 make check writes it`);
        expect(preseed).to.equal(readFileSync(file, 'utf8'));
      });
    }

    it('answers questions that the installer asks, each with its own type', async () => {
      const known = await knownQuestions(image);
      const asked = answers(await rendered(image, everything)).map((line) => {
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
        input: await rendered(image, everything),
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'C.UTF-8' },
      });
      expect([status, stderr]).to.deep.equal([0, '']);
    });

    it('ends in a script that a shell reads and shellcheck likes', async function () {
      const script = scriptOf(await rendered(image, everything));
      execFileSync('sh', ['-n'], { input: script });
      if (!existsSync('/usr/bin/shellcheck')) {
        console.log('      skipped: shellcheck is not installed; run it with: make check');
        this.skip();
      }
      // Values stand in the script as they are, also where a constant or a dollar sign looks odd to it.
      const { stdout } = spawnSync('shellcheck', ['--shell=sh', '--exclude=SC2016,SC2116', '-'], {
        input: script,
        encoding: 'utf8',
      });
      expect(stdout).to.equal('');
    });

    it('refuses SELinux, and says why', async () => {
      const error = await rejection(rendered(image, '[DEFAULT]\nselinux = enforcing\nhostname = -x\n'));
      expect((error as UsageError).problems).to.have.length(2);
      expect((error as UsageError).problems[0]).to.match(/^my\.conf:3: \[.*\] hostname = -x: expected a host name/);
      expect((error as UsageError).problems[1]).to.match(
        /^my\.conf:2: \[.*\] selinux = enforcing: preseed can't do that: .*AppArmor/,
      );
    });
  });
}
