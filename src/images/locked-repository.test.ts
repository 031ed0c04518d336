import { expect } from 'chai';
import { parse } from 'yaml';
import { renderAnswerFile } from '../answers/answer-file.js';
import { Configuration } from '../config/configuration.js';
import { resolveImage } from '../config/resolve.js';
import { answerFileSource } from './answer-file-source.js';
import { repositoryArguments, type LockedRepository } from './locked-repository.js';

const repository: LockedRepository = {
  host: '10.0.2.2:8123',
  directory: '/archive',
  suite: 'trixie',
  key: 'S2V5',
  keyText: '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nS2V5\n-----END PGP PUBLIC KEY BLOCK-----\n',
  fingerprint: '0123456789ABCDEF0123456789ABCDEF01234567',
  packages: ['curl', 'grub-pc', 'linux-image-cloud-amd64', 'shim-signed'],
  kernel: 'linux-image-cloud-amd64',
};

async function preseed(locked: LockedRepository | undefined): Promise<string> {
  const text = `[web]
like = debian-13
group = cloud
udeb-suite = trixie-udebs
proxy = http://proxy.example.org
updates = yes
ssh-authorized-keys = ssh-ed25519 AAAA me
`;
  const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
  const spec = resolveImage(configuration, 'web', {}, '2026-11-26');
  return (await renderAnswerFile(answerFileSource(spec, { repository: locked }))).content.toString();
}

/** What a preseed file answers to a question. */
function answer(text: string, question: string): string | undefined {
  return new RegExp(`^d-i ${question} \\S+ ?(.*)$`, 'm').exec(text)?.[1];
}

describe('an answer file of an image with a package lock', () => {
  it('lets debian-installer know the repository, its key and its suite, and no mirror', async () => {
    const text = await preseed(repository);
    expect(answer(text, 'mirror/protocol')).to.equal('http');
    expect(answer(text, 'mirror/http/hostname')).to.equal('10.0.2.2:8123');
    expect(answer(text, 'mirror/http/directory')).to.equal('/archive');
    expect(answer(text, 'mirror/http/proxy')).to.equal('');
    expect(answer(text, 'mirror/udeb/suite')).to.equal(undefined);
    expect(answer(text, 'apt-setup/services-select')).to.equal('');
    expect(answer(text, 'apt-setup/non-free-firmware')).to.equal('false');
    expect(answer(text, 'debian-installer/allow_unauthenticated')).to.equal(undefined);
    expect(answer(text, 'pkgsel/upgrade')).to.equal('none');
    const early = answer(text, 'preseed/early_command');
    expect(early).to.include('echo S2V5 | base64 -d >/usr/share/keyrings/archive.gpg');
    expect(early).to.include('/target/etc/apt/trusted.gpg.d/package-lock.gpg');
  });

  it('asks for every package of the lock, for boot loaders when the disk is ready', async () => {
    const text = await preseed(repository);
    expect(answer(text, 'base-installer/kernel/image')).to.equal('linux-image-cloud-amd64');
    const early = answer(text, 'pkgsel/include')?.split(' ');
    expect(early).to.include.members(['curl', 'linux-image-cloud-amd64']).and.not.include('grub-pc');
    expect(text).to.include('--no-install-recommends install curl grub-pc linux-image-cloud-amd64 shim-signed\n');
    expect(text).to.match(/^# *rm -f \/etc\/apt\/trusted\.gpg\.d\/package-lock\.gpg /m);
  });

  it('says nothing of it without a lock', async () => {
    const text = await preseed(undefined);
    expect(text).not.to.match(/package-lock|archive\.gpg|apt-setup\/non-free/);
    expect(answer(text, 'mirror/udeb/suite')).to.equal('trixie-udebs');
    expect(answer(text, 'mirror/http/proxy')).to.equal('http://proxy.example.org');
  });

  it('lets Agama know the repository in place of those of its product, the key by its fingerprint, and the packages', async () => {
    const text = '[web]\nlike = opensuse-leap-16.0\nssh-authorized-keys = ssh-ed25519 AAAA me\n';
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    const spec = resolveImage(configuration, 'web', {}, '2026-11-26');
    const packages = ['bash', 'kernel-default'];
    const source = answerFileSource(spec, { repository: { ...repository, suite: 'oss', packages } });
    const { software, questions } = JSON.parse((await renderAnswerFile(source)).content.toString()) as Record<
      string,
      unknown
    >;
    expect(software).to.deep.equal({ onlyRequired: true, packages, extraRepositories: [] });
    const data = { fingerprint: '0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567' };
    expect(questions).to.deep.equal({
      policy: 'auto',
      answers: [{ class: 'software.import_gpg', data, answer: 'Trust' }],
    });
    const agama = { answerFile: { kind: 'agama' } } as const;
    const append =
      'root=live:URL inst.install_url=http://mirror.example.org inst.register_url=http://scc console=ttyS0';
    expect(repositoryArguments(agama, append, repository, 'x86_64')).to.equal(
      'root=live:URL console=ttyS0 inst.install_url=http://10.0.2.2:8123/archive',
    );
    expect(repositoryArguments(agama, append, undefined, 'x86_64')).to.equal(append);
    expect(repositoryArguments({ answerFile: { kind: 'preseed' } }, append, repository, 'x86_64')).to.equal(append);
  });

  it('lets linuxrc know the repository, and where its own system stays; YaST the packages, and no other repository', async () => {
    const text =
      '[web]\nlike = opensuse-leap-15.6\npackages = nginx -less\nssh-authorized-keys = ssh-ed25519 AAAA me\n';
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    const spec = resolveImage(configuration, 'web', {}, '2026-11-26');
    const packages = ['bash', 'kernel-default'];
    const source = answerFileSource(spec, { repository: { ...repository, suite: 'oss', packages } });
    const profile = (await renderAnswerFile(source)).content.toString();
    expect([...profile.matchAll(/<package>(.*)<\/package>/g)].map(([, name]) => name)).to.deep.equal(packages);
    expect(profile).to.match(/<install_recommended [^>]*>false</);
    expect(profile).not.to.match(/<add-on>|<media_url>/);
    const yast = { answerFile: { kind: 'yast' } } as const;
    const tree = 'http://mirror.example.org/leap/repo/oss';
    expect(repositoryArguments(yast, `install=${tree}/ textmode=1`, repository, 'aarch64')).to.equal(
      `textmode=1 install=http://10.0.2.2:8123/archive instsys=${tree}/boot/aarch64/root`,
    );
    const own = `install=${tree} instsys=http://own.example.org/root`;
    expect(repositoryArguments(yast, own, repository, 'x86_64')).to.equal(
      'instsys=http://own.example.org/root install=http://10.0.2.2:8123/archive',
    );
  });

  it('lets subiquity know the repository, its key and no other source, and makes the system what the lock has', async () => {
    const text = `[web]
like = ubuntu-24.04
packages = nginx
proxy = http://proxy.example.org
ssh-authorized-keys = ssh-ed25519 AAAA me
`;
    const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
    const spec = resolveImage(configuration, 'web', {}, '2026-11-26');
    const render = async (locked: LockedRepository | undefined) => {
      const content = (await renderAnswerFile(answerFileSource(spec, { repository: locked }))).content.toString();
      const { autoinstall } = parse(content) as { autoinstall: Record<string, unknown> };
      const [, coded = ''] = /echo (\S+) \| base64 -d/.exec(JSON.stringify(autoinstall['late-commands'])) ?? [];
      return { autoinstall, script: Buffer.from(coded, 'base64').toString() };
    };
    const { autoinstall, script } = await render({
      ...repository,
      suite: 'noble',
      packages: ['curl', 'linux-virtual'],
    });
    expect(autoinstall['apt']).to.deep.equal({
      geoip: false,
      fallback: 'abort',
      'mirror-selection': { primary: [{ uri: 'http://10.0.2.2:8123/archive' }] },
      sources_list: 'deb http://10.0.2.2:8123/archive noble main',
      sources: { 'package-lock': { key: repository.keyText.trim() } },
    });
    expect(autoinstall).to.deep.include({
      packages: [],
      snaps: [],
      updates: 'security',
      'refresh-installer': { update: false },
    });
    expect(autoinstall).to.deep.include({ kernel: { package: 'linux-image-cloud-amd64' }, oem: { install: false } });
    expect(autoinstall).not.to.have.property('proxy');
    expect(script).to.include("printf '%s\\n' curl linux-virtual | sort");
    expect(script).to.include('rm -f /etc/apt/trusted.gpg.d/package-lock.*\n');
    expect(script.match(/apt-get .*install .*/g), 'nothing else is installed').to.have.length.lessThan(4);
    expect(script).not.to.include('nginx');
    const usual = await render(undefined);
    expect(usual.autoinstall).to.deep.include({ updates: 'all', proxy: 'http://proxy.example.org' });
    expect(usual.autoinstall['apt']).not.to.have.property('sources_list');
    expect(usual.script).to.include('nginx').and.not.include('package-lock');
  });

  it('lets Anaconda know the repository and the packages of the lock, and nothing else', async () => {
    const render = async (locked: LockedRepository | undefined) => {
      const text = '[web]\nlike = rocky-9\npackages = nginx\nssh-authorized-keys = ssh-ed25519 AAAA me\n';
      const configuration = new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
      const spec = resolveImage(configuration, 'web', {}, '2026-11-26');
      return (await renderAnswerFile(answerFileSource(spec, { repository: locked }))).content.toString();
    };
    const packages = ['bash', 'kernel', 'libgcc.i686'];
    const text = await render({ ...repository, suite: '9', packages });
    expect(text.match(/^(?:url|repo) .*$/gm)).to.deep.equal(['url --url=http://10.0.2.2:8123/archive']);
    expect(/^%packages .*\n([^]*?)^%end$/m.exec(text)?.[1]).to.equal('bash\nkernel\nlibgcc.i686\n');
    expect(text).to.match(/^%packages --nocore --exclude-weakdeps$/m);
    const usual = await render(undefined);
    expect(usual)
      .to.match(/^repo --name=AppStream /m)
      .and.match(/^@core$/m)
      .and.match(/^nginx$/m);
  });
});
