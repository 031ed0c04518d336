import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect } from 'chai';
import { cycloneDx } from '../contents/cyclonedx.js';
import { manifest } from '../contents/manifest.js';
import { provenance } from '../contents/provenance.js';
import { UsageError } from '../host/failure.js';
import { programDirectory } from '../host/program-directory.js';
import { rejection, testHost } from '../../test/support/host.js';
import { sha256Of } from '../host/digest.js';
import { sumLine, writeChecksum } from '../artifacts/checksum.js';
import { sign } from '../publish/signature.js';
import { GpgHome, sshKey } from '../../test/support/keys.js';
import { verifyImage, type Finding, type Trust } from './verify.js';

const base = 'debian-13-2026-11-21';
const names = {
  image: `${base}.qcow2`,
  checksum: `${base}.qcow2.sha256sum`,
  manifest: `${base}.manifest.json`,
  sbom: `${base}.cdx.json`,
  provenance: `${base}.provenance.json`,
  sums: `${base}.SHA256SUMS`,
};

/** The artifacts of a small build, as its stages write them. */
async function makeRelease(directory: string, content: string, packageVersion: string): Promise<void> {
  mkdirSync(directory);
  const write = (name: string, document: object) => writeFileSync(join(directory, name), JSON.stringify(document));
  const described = async (name: string) => ({
    name,
    bytes: readFileSync(join(directory, name)).length,
    sha256: await sha256Of(testHost(), join(directory, name)),
  });
  writeFileSync(join(directory, names.image), content);
  const image = await described(names.image);
  const { sha256 } = image;
  await writeChecksum(join(directory, names.image), sha256);
  const inventory = {
    distribution: { id: 'debian', version: '13', name: 'Debian 13' },
    kernels: ['6.12.1-amd64'],
    installed: {
      format: 'deb' as const,
      packages: [{ name: 'openssl', version: packageVersion, architecture: 'amd64' }],
    },
  };
  const installer = { netbootFiles: [], answerFile: { kind: 'preseed', name: 'debian.preseed', sha256 } };
  const begun = '2026-11-21T10:00:00.000Z';
  write(names.sbom, cycloneDx({ name: 'debian-13', image, inventory, toolVersion: '2.0.0', time: new Date(begun) }));
  write(
    names.manifest,
    manifest(inventory, {
      image: 'debian-13',
      file: { ...image, format: 'qcow2' },
      disk: { bytes: 1024, label: 'gpt', partitions: [] },
      artifacts: [],
      installer,
      build: { tool: { name: 'image-factory', version: '2.0.0' }, begun, stages: [], programs: {} },
    }),
  );
  write(
    names.provenance,
    provenance({
      artifacts: [image, await described(names.sbom), await described(names.manifest)],
      materials: { installer },
      mirrors: [],
      image: 'debian-13',
      options: {},
      builder: { id: 'urn:image-factory:builder:test', version: '2.0.0' },
      begun,
      finished: begun,
    }),
  );
  await writeSums(directory);
}

async function writeSums(directory: string): Promise<void> {
  const { image, sbom, manifest, provenance, checksum } = names;
  const lines: string[] = [];
  for (const name of [image, sbom, manifest, provenance, checksum]) {
    lines.push(sumLine(await sha256Of(testHost(), join(directory, name)), name));
  }
  writeFileSync(join(directory, names.sums), lines.join(''));
}

async function signAll(directory: string, by: 'gpg' | 'ssh', key: string): Promise<void> {
  for (const name of [names.checksum, names.sums]) {
    const text = readFileSync(join(directory, name), 'utf8');
    const signature = await sign(testHost(), { by, key }, text);
    writeFileSync(join(directory, `${name}.${by === 'gpg' ? 'asc' : 'sig'}`), signature);
  }
}

describe('verifyImage', () => {
  let scratch: string;
  let gpg: GpgHome;
  let signer: string;
  let stranger: string;
  let keyring: string;
  /** What somebody has downloaded. */
  let directory: string;
  const at = (name: string) => join(directory, name);

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'verification-'));
    gpg = new GpgHome(join(scratch, 'gnupg'));
    signer = gpg.makeKey('Images');
    stranger = gpg.makeKey('Stranger');
    keyring = gpg.export('binary', signer);
    await makeRelease(join(scratch, 'release'), 'a disk '.repeat(1000), '3.5.1-1');
    await signAll(join(scratch, 'release'), 'gpg', signer);
    await makeRelease(join(scratch, 'other'), 'another disk '.repeat(1000), '3.5.0-1');
    await signAll(join(scratch, 'other'), 'gpg', signer);
  });
  after(() => {
    gpg.remove();
    rmSync(scratch, { recursive: true });
  });
  beforeEach(() => {
    directory = join(scratch, 'download');
    cpSync(join(scratch, 'release'), directory, { recursive: true });
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const findings = (trust: Partial<Trust> = {}, image = names.image): Promise<Finding[]> =>
    verifyImage(testHost(), at(image), { signatureRequired: false, ...trust });
  const only = (outcome: Finding['outcome'], found: readonly Finding[]): string[] =>
    found.filter((finding) => finding.outcome === outcome).map(({ about, text }) => `${about}: ${text}`);

  it('accepts an image that agrees with everything beside it, signed by a key of the keyring', async () => {
    const found = await findings({ keyrings: [keyring] });
    expect(found.map(({ outcome }) => outcome)).to.deep.equal(Array(7).fill('good'));
    expect(found.map(({ about }) => about)).to.have.members([
      names.checksum,
      names.sums,
      names.manifest,
      names.sbom,
      names.provenance,
      `${names.checksum}.asc`,
      `${names.sums}.asc`,
    ]);
    expect(found.at(-1)?.text).to.equal(`signed by Images (${signer})`);
  });

  it('looks beside an archive under the name without .tar', async () => {
    const archive = `${base}.tar.zst`;
    renameSync(at(names.image), at(archive));
    const found = await findings({ keyrings: [keyring] }, archive);
    // The image has another name now than everything says.
    expect(only('bad', found).join('\n')).to.include(`${names.manifest}: `).and.include(`${names.sums}: `);
    expect(only('good', found).join('\n')).to.include(`${names.sums}.asc: signed by Images`);
  });

  it('says what it could not check, without a keyring', async () => {
    const found = await findings();
    expect(only('bad', found)).to.deep.equal([]);
    expect(only('unchecked', found)).to.deep.equal([
      `${names.checksum}.asc: not checked: give the key with --keyring`,
      `${names.sums}.asc: not checked: give the key with --keyring`,
    ]);
  });

  it('accepts a checksum alone, and says that nothing is signed', async () => {
    for (const name of ['manifest', 'sbom', 'provenance', 'sums'] as const) rmSync(at(names[name]));
    for (const name of [names.sums, names.checksum]) rmSync(at(`${name}.asc`));
    const found = await findings();
    expect(only('bad', found)).to.deep.equal([]);
    expect(only('good', found)).to.deep.equal([`${names.checksum}: matches ${names.image}`]);
    expect(only('absent', found)).to.include(`${names.checksum}.asc: nothing is signed`).and.have.length(5);
  });

  it('accepts an image and its signed checksum, where that is all that was fetched', async () => {
    for (const name of ['manifest', 'sbom', 'provenance', 'sums'] as const) rmSync(at(names[name]));
    rmSync(at(`${names.sums}.asc`));
    expect(only('bad', await findings({ keyrings: [keyring] }))).to.deep.equal([]);
  });

  it('accepts signatures of ssh keys that the allowed signers name', async () => {
    for (const name of [names.sums, names.checksum]) rmSync(at(`${name}.asc`));
    const key = sshKey(join(scratch, 'ssh-key'));
    const allowedSigners = join(scratch, 'allowed-signers');
    writeFileSync(allowedSigners, `images@example.org ${key.public}\n`);
    await signAll(directory, 'ssh', key.file);
    expect(only('bad', await findings({ allowedSigners: [allowedSigners] }))).to.deep.equal([]);
    writeFileSync(allowedSigners, `images@example.org ${sshKey(join(scratch, 'another-ssh-key')).public}\n`);
    expect(only('bad', await findings({ allowedSigners: [allowedSigners] }))).to.include(
      `${names.image}: no good signature covers it`,
    );
  });

  const change = (name: string, from: string, to: string): void => {
    const text = readFileSync(at(name), 'latin1');
    expect(text, `what is to be changed in ${name}`).to.include(from);
    writeFileSync(at(name), text.replace(from, to), 'latin1');
  };
  const unsign = (): void => [names.sums, names.checksum].forEach((name) => rmSync(at(`${name}.asc`)));
  const swap = (name: string): void => cpSync(join(scratch, 'other', name), at(name));

  const sum = /has the SHA-256 sum [0-9a-f]{64}, and not [0-9a-f]{64}/.source;
  /** What was done to the files, and what must be said of it. */
  const tampering: Record<string, { how: () => void | Promise<void>; said: RegExp; trust?: () => Partial<Trust> }> = {
    'a byte of the image is another': {
      how: () => change(names.image, 'disk', 'dusk'),
      said: new RegExp(`^${names.checksum}: ${names.image} ${sum}`),
    },
    'the image is cut short': {
      how: () => truncateSync(at(names.image), 4000),
      said: new RegExp(`^${names.manifest}: is of an image with the SHA-256 sum`),
    },
    'a digit of the checksum is another': {
      how: () => writeFileSync(at(names.checksum), sumLine('0'.repeat(64), names.image)),
      said: new RegExp(`^${names.checksum}: ${names.image} ${sum}`),
    },
    'the image and its checksum are another build’s': {
      how: () => [names.image, names.checksum].forEach(swap),
      said: new RegExp(`^${names.sums}: ${names.image} ${sum}`),
    },
    'a version in the manifest is another': {
      how: () => change(names.manifest, '3.5.1-1', '3.5.9-1'),
      said: new RegExp(`^${names.sums}: ${names.manifest} ${sum}`),
    },
    'a version in the manifest is another, and there are no sums': {
      how() {
        change(names.manifest, '3.5.1-1', '3.5.9-1');
        unsign();
        rmSync(at(names.sums));
      },
      said: new RegExp(`^${names.provenance}: ${names.manifest} ${sum}`),
      trust: () => ({}),
    },
    'a package is gone from the SBOM': {
      how: () => change(names.sbom, '"name":"openssl"', '"name":"nothing"'),
      said: new RegExp(`^${names.sums}: ${names.sbom} ${sum}`),
    },
    'the SBOM is another build’s': {
      how: () => swap(names.sbom),
      said: new RegExp(`^${names.sbom}: is of an image with the SHA-256 sum [0-9a-f]{64}, and not`),
    },
    'the builder in the provenance is another': {
      how: () => change(names.provenance, 'builder:test', 'builder:rest'),
      said: new RegExp(`^${names.sums}: ${names.provenance} ${sum}`),
    },
    'the provenance is another build’s': {
      how: () => swap(names.provenance),
      said: new RegExp(`^${names.provenance}: ${names.image} ${sum}`),
    },
    'the manifest is no JSON': {
      how: () => writeFileSync(at(names.manifest), '{'),
      said: new RegExp(`^${names.manifest}: is not a manifest`),
    },
    'a line of SHA256SUMS is another, though it agrees with the files': {
      async how() {
        change(names.manifest, '3.5.1-1', '3.5.9-1');
        await writeSums(directory);
      },
      said: new RegExp(
        `^${names.sums}\\.asc: not a good signature of ${names.sums}: gpgv: BAD signature from "Images"`,
      ),
    },
    'SHA256SUMS leaves the SBOM out': {
      how: () => change(names.sums, sumLineOf(readFileSync(at(names.sums), 'utf8'), names.sbom), ''),
      said: new RegExp(`^${names.sums}: does not name ${names.sbom}, but `),
    },
    'SHA256SUMS names a file elsewhere': {
      how: () => change(names.sums, names.sbom, `../${names.sbom}`),
      said: new RegExp(`^${names.sums}: is not in the format of sha256sum`),
    },
    'all is another build’s and signed by another key': {
      async how() {
        for (const name of Object.values(names)) swap(name);
        await signAll(directory, 'gpg', stranger);
      },
      said: new RegExp(`^${names.sums}\\.asc: not a good signature of ${names.sums}: gpgv: .*No public key`),
    },
    'the signatures are another build’s': {
      how: () => [names.sums, names.checksum].forEach((name) => swap(`${name}.asc`)),
      said: new RegExp(`^${names.checksum}\\.asc: not a good signature of .*BAD signature`),
    },
    'the signatures are gone, and a keyring is given': {
      how: unsign,
      said: new RegExp(`^${names.image}: no good signature covers it`),
    },
    'the signatures are gone, and one is required': {
      how: unsign,
      said: new RegExp(`^${names.image}: no good signature covers it`),
      trust: () => ({ signatureRequired: true }),
    },
    'SHA256SUMS is gone, so that no signature covers the manifest': {
      how() {
        rmSync(at(names.sums));
        rmSync(at(`${names.sums}.asc`));
      },
      said: new RegExp(`^${names.manifest}: no good signature covers it`),
    },
    'a signature holds no signature': {
      how: () => writeFileSync(at(`${names.sums}.asc`), 'trust me\n'),
      said: new RegExp(`^${names.sums}\\.asc: not a good signature of ${names.sums}: `),
    },
    'all files that speak of the image are gone': {
      how() {
        for (const name of Object.values(names)) if (name !== names.image) rmSync(at(name));
      },
      said: new RegExp(`^${names.image}: no file beside it has its checksum`),
      trust: () => ({}),
    },
  };
  for (const [what, { how, said, trust = () => ({ keyrings: [keyring] }) }] of Object.entries(tampering)) {
    it(`rejects an image where ${what}`, async () => {
      await how();
      expect(only('bad', await findings(trust())).filter((finding) => said.test(finding))).to.have.length(1);
    });
  }

  it('rejects an image that goes by another name, alone and with files of that name', async () => {
    const renamed = 'debian-13-2026-12-24.qcow2';
    renameSync(at(names.image), at(renamed));
    expect(only('bad', await findings({}, renamed))[0]).to.match(
      /no file beside it has its checksum; download that as well, and do not rename/,
    );
    renameSync(at(names.checksum), at(`${renamed}.sha256sum`));
    renameSync(at(names.manifest), at('debian-13-2026-12-24.manifest.json'));
    expect(only('bad', await findings({}, renamed))).to.deep.equal([
      `${renamed}.sha256sum: does not name ${renamed}, but ${names.image}`,
      `debian-13-2026-12-24.manifest.json: is of another image: ${names.image}`,
    ]);
  });

  it('takes images only', async () => {
    for (const name of [names.checksum, `${names.sums}.asc`, 'missing.qcow2', '.']) {
      expect(await rejection(findings({}, name))).to.be.instanceOf(UsageError);
    }
  });

  it('names the file beside an image that is far too large, or can not be read', async () => {
    truncateSync(join(directory, names.sums), 3 * 2 ** 30);
    expect(String(await rejection(findings({})))).to.match(/SHA256SUMS: it is too large for what it should be$/);
    rmSync(join(directory, names.sums));
    mkdirSync(join(directory, names.sums));
    expect(String(await rejection(findings({})))).to.match(/SHA256SUMS: it is a directory$/);
    rmSync(join(directory, names.sums), { recursive: true });
  });

  describe('as the command', () => {
    const verify = (...args: string[]) =>
      execa(join(programDirectory, 'bin/image-factory'), ['verify', ...args], { reject: false, cwd: directory });

    it('ends with 0 for a good image, and tells of each file', async () => {
      const { exitCode, stdout } = await verify(names.image, '--keyring', keyring);
      expect(exitCode).to.equal(0);
      expect(stdout).to.match(new RegExp(`^  good +${names.sums}\\.asc: signed by Images`, 'm'));
      expect(stdout).to.match(new RegExp(`^${names.image}: good, and signed$`, 'm'));
    });

    it('takes the keys of several files, whichever has the one that signed', async () => {
      const stranger = gpg.export('binary', gpg.makeKey('Another signer'));
      for (const keyrings of [
        [stranger, keyring],
        [keyring, stranger],
      ]) {
        const flags = keyrings.flatMap((file) => ['--keyring', file]);
        expect((await verify(names.image, ...flags)).stdout).to.contain('good, and signed');
      }
      expect(await verify(names.image, '--keyring', stranger)).to.have.property('exitCode', 1);
    });

    it('tells the same as JSON, and under --quiet only of what is rejected', async () => {
      const told = async () =>
        JSON.parse((await verify(names.image, '--json')).stdout) as {
          images: { accepted: boolean; findings: { outcome: string; about: string }[] }[];
        };
      expect((await told()).images[0]).to.include({ image: names.image, accepted: true });
      expect((await told()).images[0]?.findings.map(({ outcome, about }) => `${outcome} ${about}`)).to.include(
        `good ${names.checksum}`,
      );
      expect((await verify(names.image, '--quiet')).stdout).to.equal('');
      change(names.image, 'disk', 'dusk');
      expect((await told()).images[0]).to.include({ accepted: false });
      expect((await verify(names.image, '--quiet')).stdout).to.contain(`${names.image}: REJECTED`);
    });

    it('ends with 1 for a bad one', async () => {
      change(names.image, 'disk', 'dusk');
      const { exitCode, stdout } = await verify(names.image);
      expect(exitCode).to.equal(1);
      expect(stdout).to.match(new RegExp(`^${names.image}: REJECTED$`, 'm'));
    });

    it('ends with 2 where it is called in a wrong way', async () => {
      expect(await verify('missing.qcow2')).to.have.property('exitCode', 2);
      expect(await verify(names.image, '--keyring', 'missing.gpg')).to.have.property('exitCode', 2);
      expect(await verify()).to.have.property('exitCode', 2);
    });
  });
});

/** A line of a file of sums, with its end. */
function sumLineOf(text: string, name: string): string {
  return `${text.split('\n').find((line) => line.endsWith(` ${name}`))}\n`;
}
