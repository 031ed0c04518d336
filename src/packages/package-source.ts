import { existsSync } from 'node:fs';
import type { Configuration } from '../config/configuration.js';
import { UsageError } from '../host/failure.js';
import { SectionReader } from '../config/section-reader.js';
import { rpmDistributions } from './facts.js';
import { imageOptions } from '../config/options.js';

/** An archive of packages: the part of it that one suite is. */
export interface PackageSource {
  /** Without a slash at its end. */
  readonly url: string;
  readonly suite: string;
  readonly components: readonly string[];
}

/** A place where packages lie that the mirror no longer has. */
export interface PackageArchive {
  readonly url: string;
  /** Undefined: for packages of every suite. */
  readonly suite: string | undefined;
}

/** Where the packages of an image come from. */
export interface PackagePlaces {
  readonly sources: readonly PackageSource[];
  readonly archives: readonly PackageArchive[];
  /** Undefined: what apt trusts on this machine. */
  readonly keyring: string | undefined;
}

const expectedSource = {
  deb: "one archive a line, 'URL SUITE COMPONENT…', such as 'http://mirror.example.org/debian trixie main'",
  rpm: "one repository a line, 'URL NAME', such as 'http://mirror.example.org/rocky/9/BaseOS/x86_64/os baseos'",
};

/** Reads the options of an image that say where its packages come from. Complains to the reader of what is wrong. */
export function packagePlaces(
  configuration: Configuration,
  image: string,
  problems: string[],
  // Undefined where the image's facts are wrong, which is told.
  packaging: 'deb' | 'rpm' | undefined,
): PackagePlaces {
  const reader = new SectionReader(configuration.section(image), problems);
  const { packageSources, packageArchives, packageKeyring } = reader.values({
    'package-sources': imageOptions['package-sources'],
    'package-archives': imageOptions['package-archives'],
    'package-keyring': imageOptions['package-keyring'],
  });
  const sources = linesOf(packageSources).flatMap((line) => {
    const [url = '', suite = '', ...components] = line.split(/\s+/);
    const isFlat = suite.endsWith('/') && components.length === 0;
    const names = [suite, ...components].every((word) => /^[A-Za-z0-9.][A-Za-z0-9._/~+-]*$/.test(word));
    const isRight = {
      deb: components.length > 0 || isFlat,
      rpm: components.length === 0 && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(suite),
    };
    const isWrong = packaging === undefined ? !isRight.deb && !isRight.rpm : !isRight[packaging];
    if (!isUrl(url) || !names || isWrong) {
      const expected =
        packaging === undefined ? `${expectedSource.deb}, or ${expectedSource.rpm}` : expectedSource[packaging];
      const decides =
        isUrl(url) && names && isRight.rpm
          ? `; of rpm, 'distribution' must name one of ${rpmDistributions.join(', ')}`
          : '';
      reader.complain(`package-sources: expected ${expected}, not '${line}'${decides}`, 'package-sources');
      return [];
    }
    return [{ url: url.replace(/\/+$/, ''), suite, components }];
  });
  const twice = sources.find(({ suite }, at) => sources.findIndex((other) => other.suite === suite) < at);
  if (twice !== undefined) {
    reader.complain(
      `package-sources: the suite ${twice.suite} is there twice: a package lock tells archives apart by their suites`,
      'package-sources',
    );
  }
  const archives = linesOf(packageArchives).flatMap((line) => {
    const words = line.split(/\s+/);
    const [suite, url] = words.length === 2 ? words : [undefined, words[0]];
    if (words.length > 2 || url === undefined || !isUrl(url)) {
      reader.complain(`package-archives: expected '[SUITE] URL' in each line, not '${line}'`, 'package-archives');
      return [];
    }
    return [{ suite, url: url.replace(/\/+$/, '') }];
  });
  return { sources, archives, keyring: packageKeyring };
}

/** @throws UsageError for a keyring that is not there */
export function expectKeyring({ keyring }: Pick<PackagePlaces, 'keyring'>): void {
  if (keyring === undefined || existsSync(keyring)) return;
  throw new UsageError([
    `package-keyring = ${keyring}: there is no such file; without it, nothing vouches for packages`,
  ]);
}

function linesOf(text = ''): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** As apt takes it: a host is not asked for, as for `file:/srv/debian`. */
function isUrl(text: string): boolean {
  return /^(?:https?:\/\/[^\s/?#]+|file:(?:\/\/)?\/|mirror(?:\+[a-z]+)?:\/*)[^\s?#[\]"]*$/i.test(text);
}
