import { existsSync, statSync } from 'node:fs';
import { installOrigin, type AnswerFileKind } from '../config/image-spec.js';
import { Failure } from '../host/failure.js';
import { run } from '../host/host.js';
import { helperTrouble } from '../host/sudo-helper.js';
import { findProgram } from '../host/programs.js';
import { resultOf } from '../images/wanted-packages.js';
import { detectAcceleration } from '../machine/acceleration.js';
import { keyListCommand } from '../publish/signature.js';
import { error, mayBeMade, placeOf, warning, type Check } from './subject.js';

/** `virt-type = kvm` on a machine that can't run a guest with KVM. */
export const virtualisation: Check = async (subject) => {
  const { arch, virtType, connect } = subject.spec;
  if ((await resultOf(subject.configuration, subject.spec)) === 'tree') return [];
  // The libvirt connection may lead to another machine, which can't be checked.
  if (virtType !== 'kvm' || !/^qemu:\/\/\//.test(connect)) return [];
  const found = await detectAcceleration(arch);
  if (found.virtType === 'kvm') return [];
  return [error(`${placeOf(subject, 'virt-type')}: ${found.reason}; use virt-type = qemu or auto`)];
};

/** How answer files ask for file systems that only root can read. */
const onlyForRoot: Readonly<Record<AnswerFileKind, RegExp>> = {
  preseed: /^d-i\s+partman\/default_filesystem\s+string\s+(xfs|btrfs)\b|filesystem\{\s*(xfs|btrfs)\s*\}/m,
  kickstart: /^\s*(?:part|partition|logvol|autopart|btrfs)\b.*--fstype[= ]["']?(xfs|btrfs)\b/m,
  yast: /<filesystem\b[^>]*>\s*(xfs|btrfs)\s*</,
  autoinstall: /\bfstype["']?\s*:\s*["']?(xfs|btrfs)\b/,
  agama: /"(?:filesystem|type)"\s*:\s*"(xfs|btrfs)"/,
};

/** The sudo helper for such file systems: it must exist, be of this version, and be callable. */
export const rootHelper: Check = async (subject) => {
  if (subject.answerFile === undefined) return [];
  const { kind } = installOrigin(subject.spec).answerFile;
  const match = onlyForRoot[kind].exec(subject.answerFile.content.toString());
  if (match === null) return [];
  const trouble = await helperTrouble(subject.host);
  if (trouble === undefined) return [];
  const fileSystem = match[1] ?? match[2];
  return [
    error(
      `[${subject.spec.name}]: the image has ${fileSystem}, which the sudo helper cleans, but ${trouble.what}: ${trouble.fix}`,
    ),
  ];
};

/** The directory that the installer reads over HTTP. */
export const servedDirectory: Check = (subject) => {
  const { httpDirectory } = subject.spec;
  if (httpDirectory === undefined) return [];
  const found = statSync(httpDirectory, { throwIfNoEntry: false });
  if (found === undefined && mayBeMade(subject)) return [];
  if (found?.isDirectory()) return [];
  const what = found === undefined ? 'there is no such directory' : 'this is not a directory';
  return [error(`${placeOf(subject, 'http-directory')}: ${what}`)];
};

/** The key to sign with. When the build begins, it must also sign a test text. */
export const signingKey: Check = async (subject) => {
  const { signing } = subject.spec;
  if (signing === undefined) return [];
  const place = placeOf(subject, 'sign-key');
  if (signing.by === 'ssh') {
    if (existsSync(signing.key)) return [];
    return [error(`${place}: there is no such key file`)];
  }
  if (findProgram('gpg') === undefined) return [];
  try {
    await run(subject.host, keyListCommand(signing.key));
    return [];
  } catch (caught) {
    if (!(caught instanceof Failure)) throw caught;
    return [error(`${place}: gpg has no such secret key: 'gpg --list-secret-keys' lists those it has`)];
  }
};

/** The longest file name (NAME_MAX of Linux), and the longest ending that is added to the image's name: that of a partial upload. */
const longestFileName = 255;
const longestEnding = '.qcow2.sha256sum.asc'.length + '-2026-01-01'.length + 20;

/** Names that a program of a later stage would misread. */
export const names: Check = (subject) => {
  const { name, outputDir } = subject.spec;
  const findings = [];
  for (const [what, text] of [
    [`[${name}]: the name of the image`, name],
    [placeOf(subject, 'output-dir'), outputDir],
  ] as const) {
    const markup = /[&<>"']/.exec(text)?.[0];
    if (markup !== undefined) {
      findings.push(error(`${what}: virt-install can't handle the character ${markup} in a file name${told(text)}`));
    }
    if (text.includes('?')) {
      findings.push(
        error(`${what}: e2fsprogs reads the text after a question mark in a file name as options${told(text)}`),
      );
    }
    if (/\p{Cc}/u.test(text)) {
      findings.push(
        error(`${what}: debugfs has no way to write a control character in a file name (${JSON.stringify(text)})`),
      );
    }
  }
  const length = Buffer.byteLength(name) + longestEnding;
  if (length > longestFileName) {
    const most = longestFileName - longestEnding;
    findings.push(error(`[${name}]: the name of the image has ${Buffer.byteLength(name)} bytes; use at most ${most}, so that dates and endings fit`)); // prettier-ignore
  }
  return findings;

  function told(text: string): string {
    return text === name ? '' : ` (${text})`;
  }
};

/** Netboot files in addition to a medium, which are not paths on the medium. */
export const mediumAndNetbootFiles: Check = (subject) => {
  const { linux, initrd } = subject.spec;
  const origin = installOrigin(subject.spec);
  if (origin.installer.kind !== 'medium' || origin.installer.boot !== undefined) return [];
  const own = subject.configuration.section(subject.spec.name).document.sections.get(subject.spec.name)?.options;
  return (['linux', 'initrd'] as const)
    .filter((option) => own?.has(option) && { linux, initrd }[option] !== undefined)
    .map((option) =>
      warning(
        `${placeOf(subject, option)}: not used, because installer_image is set; remove it, or set both linux and initrd to paths on the medium, such as casper/vmlinuz`,
      ),
    );
};
