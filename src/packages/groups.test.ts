import { expect } from 'chai';
import { Configuration } from '../config/configuration.js';
import { UsageError } from '../host/failure.js';
import { factsOf } from './flavors.js';
import { packageRequest } from './request.js';
import { groupProblems, resolveGroups, type ResolvedGroup } from './groups.js';

function configuration(text: string): Configuration {
  return new Configuration([{ name: 'my.conf', text }], Configuration.shippedSources());
}

function resolved(text: string, group: string, asked: { flavor?: string; image?: string } = {}): ResolvedGroup {
  const read = configuration(text);
  return resolveGroups(read, [group], factsOf(read, asked));
}

function names(text: string, group: string, asked: { flavor?: string; image?: string } = {}): string[] {
  return resolved(text, group, asked).members.map(({ name }) => name);
}

function problems(text: string, group: string, asked: { flavor?: string } = {}): readonly string[] {
  try {
    resolved(text, group, asked);
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  throw new Error('nothing was wrong');
}

describe('a group', () => {
  it('does not let the order of its groups decide whether recommended packages come in', () => {
    const sides = '[group yes]\nrecommends = yes\n[group no]\nrecommends = no\n';
    for (const order of ['yes, no', 'no, yes']) {
      expect(problems(`${sides}[group a]\ngroups = ${order}`, 'a')).to.deep.equal([
        "[group a]: [group yes] has 'recommends = yes', and [group no] 'recommends = no': say which in 'recommends' of [group a]",
      ]);
      expect(resolved(`${sides}[group a]\ngroups = ${order}\nrecommends = yes`, 'a').recommends).to.be.true;
    }
  });

  it('is told of a misspelt suite, and may know one that no image has', () => {
    expect(problems('[group a]\npackages = nginx [suite=trixei]', 'a')).to.deep.equal([
      "my.conf:2: [group a] packages: nginx [suite=trixei]: unknown value 'trixei' of 'suite' (did you mean 'trixie'?)",
    ]);
    expect(names('[group a]\npackages = nginx [!suite=duke]', 'a')).to.deep.equal(['nginx']);
  });

  it('has its own packages and those of its groups, five deep and shared, each with who asks for it', () => {
    const nested = `
[group a]
groups = b, c
[group b]
groups = d
[group c]
groups = d
packages = nginx
[group d]
groups = e
[group e]
packages = curl
    less, vim-tiny
`;
    const { members, groups } = resolved(nested, 'a');
    expect(members.map(({ name }) => name)).to.deep.equal(['curl', 'less', 'nginx', 'vim-tiny']);
    expect(members[0]?.from).to.deep.equal([
      ['e', 'd', 'b', 'a'],
      ['e', 'd', 'c', 'a'],
    ]);
    expect(groups).to.deep.equal(['a', 'b', 'd', 'e', 'c']);
  });

  it('takes no options of [DEFAULT], which are meant for images', () => {
    expect(names('[DEFAULT]\npackages = vim\n[group a]\ngroups = b\n[group b]\npackages = curl\n', 'a')).to.deep.equal([
      'curl',
    ]);
  });

  it('may be like another one', () => {
    expect(names('[group a]\npackages = curl, less\n[group b]\nlike = a\nexclude = nothing\n', 'b')).to.deep.equal([
      'curl',
      'less',
    ]);
  });

  it('names a circle', () => {
    const circle = '[group a]\ngroups = b\n[group b]\npackages = x\ngroups = c\n[group c]\ngroups = b\n';
    expect(problems(circle, 'a')).to.deep.equal([
      'my.conf:7: [group c] groups: leads in a circle: [group b] -> [group c] -> [group b]',
    ]);
  });

  it('suggests what was meant', () => {
    expect(problems('[group a]\ngroups = servre\n', 'a')[0]).to.match(
      /^my\.conf:2: \[group a\] groups: there is no section \[group servre\] \(did you mean 'server'\?\)/,
    );
    expect(problems('[group a]\npackages = vim [kernle]\n', 'a')[0]).to.match(
      /^my\.conf:2: \[group a\] packages: vim \[kernle\]: unknown fact 'kernle' \(did you mean 'kernel'\?\)/,
    );
    expect(problems('[group a]\npackages = vim [hypervisor=vmwre]\n', 'a')[0]).to.include("(did you mean 'vmware'?)");
    expect(problems('[group a]\npackages = vim [kernel=yes]\n', 'a')[0]).to.include('write [kernel] or [!kernel]');
  });

  it('says what in a list can’t be read', () => {
    expect(problems('[group a]\npackages = vim [kernel\n', 'a')[0]).to.include("a guard that ends with ']'");
    expect(problems('[group a]\npackages = [kernel] vim\n', 'a')[0]).to.include(
      "a name before the guard '[kernel] vim'",
    );
    expect(problems('[group a]\npackages = vim []\n', 'a')[0]).to.include('a fact within the brackets');
    expect(problems('[group a]\npackages = -vim\n', 'a')[0]).to.include("named in 'exclude'");
    expect(problems('[group a]\nrecommends = maybe\n', 'a')[0]).to.include("expected 'yes' or 'no'");
  });

  it('takes packages out of its groups, and takes back what these exclude', () => {
    const text = `
[group inner]
packages = exim4, vim, curl
exclude = nano
[group outer]
groups = inner
exclude = vim
packages = nano
`;
    const { members, excluded } = resolved(text, 'outer');
    expect(members.map(({ name }) => name)).to.deep.equal(['curl', 'exim4', 'nano']);
    expect([...excluded]).to.deep.equal([['vim', 'outer']]);
  });

  it('decides where two of its groups contradict each other', () => {
    const text = '[group a]\nexclude = vim\n[group b]\npackages = vim\n[group both]\ngroups = a, b\n';
    expect(problems(text, 'both')).to.deep.equal([
      "[group both]: [group a] excludes 'vim', and [group b] takes it: say which in 'packages' or 'exclude' of [group both]",
    ]);
    expect(names(`${text}packages = vim\n`, 'both')).to.deep.equal(['vim']);
    expect(names(`${text}exclude = vim\n`, 'both')).to.deep.equal([]);
  });

  it('can’t both take and exclude a package', () => {
    expect(problems('[group a]\npackages = vim\nexclude = vim\n', 'a')).to.deep.equal([
      "my.conf:3: [group a] exclude: 'vim' is in 'packages' of the group as well",
    ]);
  });

  it('is checked with all others of the user’s files, and so is a flavor', () => {
    const text = '[group a]\ngroups = a\n[flavor b]\narch = arm64\noptions = bios\n';
    expect(groupProblems(configuration(text))).to.deep.equal([
      "[flavor b] can't be built: machines of arm64 have no BIOS, which 'bios' asks for",
      'my.conf:2: [group a] groups: leads in a circle: [group a] -> [group a]',
    ]);
    expect(groupProblems(configuration(''))).to.deep.equal([]);
  });

  it('knows the words that flavors, images and [DEFAULT] name', () => {
    const text =
      '[DEFAULT]\noptions = docs\n[flavor small]\noptions = !docs\n[group a]\npackages = man-db [docs], vim\n';
    expect(names(text, 'a')).to.deep.equal(['man-db', 'vim']);
    expect(names(text, 'a', { flavor: 'small' })).to.deep.equal(['vim']);
  });
});

describe('a shipped group', () => {
  const flavors = ['amd64', 'arm64'].flatMap((arch) =>
    ['kvm', 'xen', 'vmware'].flatMap((hypervisor) =>
      ['kernel', '!kernel'].map((kernel) => ({
        name: `${arch}-${hypervisor}-${kernel.replace('!', 'no-')}`,
        arch,
        hypervisor,
        kernel,
      })),
    ),
  );
  const text = flavors
    .map(
      ({ name, arch, hypervisor, kernel }) =>
        `[flavor ${name}]\narch = ${arch}\nhypervisor = ${hypervisor}\noptions = ${kernel}\n`,
    )
    .join('');

  for (const { name, arch, hypervisor, kernel } of flavors) {
    it(`server has what ${name} needs, and nothing of another`, () => {
      const found = names(text, 'server', { flavor: name });
      const boots = kernel === 'kernel';
      expect(found.filter((each) => each.startsWith('linux-image'))).to.deep.equal(
        boots ? [`linux-image-${arch}`] : [],
      );
      expect(found.some((each) => /^(grub|shim|initramfs)/.test(each))).to.equal(boots);
      expect(found.includes('grub-pc-bin')).to.equal(boots && arch === 'amd64');
      expect(found.includes('open-vm-tools')).to.equal(boots && hypervisor === 'vmware');
      expect(found.includes('qemu-guest-agent')).to.equal(boots && hypervisor === 'kvm');
      expect(found).to.include('openssh-server');
    });
  }

  it('cloud has the kernel of the cloud instead of the usual one', () => {
    const { members, excluded } = resolved('', 'cloud');
    expect(members.map(({ name }) => name)).to.include('linux-image-cloud-amd64');
    expect([...excluded]).to.deep.equal([['linux-image-amd64', 'cloud']]);
  });

  it('knows the distribution of the image', () => {
    const image = '[web]\nlike = noble\ngroup = server\n';
    expect(names(image, 'server', { image: 'web' })).to.include('linux-generic');
    expect(names(image.replace('noble', 'trixie'), 'server', { image: 'web' })).to.include('linux-image-amd64');
  });
});

describe('a flavor', () => {
  const refused = (flavor: string) =>
    problems(`[flavor it]\n${flavor}[group a]\npackages = vim\n`, 'a', { flavor: 'it' });

  it('knows the distribution of each shipped image', () => {
    const read = configuration('');
    const known = (image: string) => factsOf(read, { image }).distribution;
    for (const image of read.imageNames().filter((name) => name !== 'demo')) {
      const family = { 'opensuse-tumbleweed': 'opensuse' }[image] ?? image.split('-')[0];
      expect(known(image), image).to.equal(family);
    }
  });

  it('that is wrong makes nothing wrong of the places of its packages', () => {
    const text = `[image]
group = minimal
distribution = Rocky Linux 9
options = kernel, !kernel
package-sources = http://example.org/base base
[debs]
group = minimal
package-sources = http://example.org/base base
`;
    const wrong = (image: string) => {
      try {
        packageRequest(configuration(text), { image, flavor: undefined });
      } catch (error) {
        if (error instanceof UsageError) return error.problems;
        throw error;
      }
      throw new Error('nothing was wrong');
    };
    expect(wrong('image')).to.deep.equal(["my.conf:4: [image] options: 'kernel' and '!kernel' contradict each other"]);
    expect(wrong('debs').join('\n')).to.match(/not 'http:\S+ base'; of rpm, 'distribution' must name one of fedora, /);
  });

  it('suggests what was meant', () => {
    expect(refused('hypervisor = vmwre\n').join('\n')).to.match(
      /expected one of 'kvm', .* \(did you mean 'vmware'\?\)$/,
    );
  });

  it('that nothing can be built for is refused', () => {
    expect(refused('arch = riscv64\nhypervisor = vmware\n')).to.deep.equal([
      "[flavor it] can't be built: vmware has no machines of riscv64, only of amd64 and arm64",
    ]);
    expect(refused('arch = arm64\noptions = bios\n')[0]).to.include('machines of arm64 have no BIOS');
    expect(refused('options = !kernel, uefi\n')[0]).to.include("'!kernel' leaves out what would boot");
    expect(refused('options = !bios, !uefi\n')[0]).to.include('neither BIOS nor UEFI would start it');
    expect(refused('options = kernel, !kernel\n')).to.deep.equal([
      "my.conf:2: [flavor it] options: 'kernel' and '!kernel' contradict each other",
    ]);
    expect(refused('hypervisor = vmwre\n')[0]).to.match(
      /^my\.conf:2: \[flavor it\] hypervisor = vmwre: expected one of/,
    );
  });

  it('that there is not is named, with the nearest', () => {
    expect(
      problems('[flavor xen]\nhypervisor = xen\n[group a]\npackages = vim\n', 'a', { flavor: 'xne' }),
    ).to.deep.equal(["there is no section [flavor xne] (did you mean 'xen'?): the flavors are xen"]);
  });
});
