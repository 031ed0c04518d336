import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { didYouMean, nearestWord } from '../config/suggestion.js';
import { readIfThere, type Element } from './element.js';
import type { ElementFinding } from './finding.js';
import { isDirectory, isExecutableFile, isFile, visibleNames } from './merge.js';
import { packageListNames, readPackageLists } from './package-lists.js';
import { environmentDirectory, environmentName, hookName, phaseNames } from './phases.js';

/** Files in an element that mean something to diskimage-builder or to one of its elements, and which one reads them. */
const readers: readonly { readonly what: RegExp; readonly shown: string; readonly reader: string }[] = [
  { what: /^pkg-map$/, shown: 'pkg-map', reader: 'pkg-map' },
  { what: /^svc-map$/, shown: 'svc-map', reader: 'svc-map' },
  { what: /^package-installs\.(yaml|json)$/, shown: 'package-installs', reader: 'package-installs' },
  { what: /^source-repository-./, shown: 'source-repository-…', reader: 'source-repositories' },
  { what: /^static$/, shown: 'static/', reader: 'install-static' },
  { what: /^init-scripts$/, shown: 'init-scripts/', reader: 'dib-init-system' },
  { what: /^bin$/, shown: 'bin/', reader: 'install-bin' },
  { what: /^modprobe\.d$/, shown: 'modprobe.d/', reader: 'modprobe' },
];

/** Names of files whose misspelling goes unseen. */
const fileNames = ['element-deps', 'element-provides', 'pkg-map', 'svc-map', ...packageListNames];

/** Names of directories whose misspelling goes unseen. */
const directoryNames = [...phaseNames, environmentDirectory, 'static', 'init-scripts'];

/** What `rsync --cvs-exclude` leaves out of `static`: the list in rsync(1). */
const cvsExcludes =
  /^(RCS|SCCS|CVS|CVS\.adm|RCSLOG|cvslog\..*|tags|TAGS|\.make\.state|\.nse_depinfo|.*~|#.*|\.#.*|,.*|_\$.*|.*\$|.*\.(old|bak|BAK|orig|rej|del-.*|a|olb|o|obj|so|exe|Z|elc|ln)|core|\.svn|\.git|\.hg|\.bzr)$/;

/** What an element says by itself that diskimage-builder passes over without a word, or that can't work. */
export function trapsIn({ name: element, directory, depends, overrides }: Element): ElementFinding[] {
  const findings: ElementFinding[] = [];
  const tell = (weight: 'error' | 'warning', file: string, message: string) =>
    findings.push({ weight, element, file, message });
  const warn = (file: string, message: string) => tell('warning', file, message);
  for (const each of depends.filter((line) => line.startsWith('#'))) {
    tell(
      'error',
      join(directory, 'element-deps'),
      `'${each}' is taken for the name of an element: there are no comments`,
    );
  }
  for (const name of visibleNames(directory)) {
    const path = join(directory, name);
    if (isDirectory(path)) {
      const meant = nearestWord(name, directoryNames);
      if (isPhase(name)) hooks(path, warn, tell);
      else if (name === environmentDirectory) environment(path, warn);
      else if (name === 'static') excluded(path, warn);
      else if (meant !== undefined && meant !== name && (name.endsWith('.d') || isDirectoryOfHooks(path))) {
        warn(path, `the directory is not '${meant}': nothing in it runs${didYouMean(name, directoryNames)}`);
      }
    } else if (isFile(path)) {
      const meant = nearestWord(name, fileNames);
      if (!fileNames.includes(name) && meant !== undefined && /^[^.]*(\.(ya?ml|json))?$/.test(name)) {
        warn(path, `nothing reads the file${didYouMean(name, fileNames)}`);
      }
    } else {
      warn(path, 'a dangling link: what it stands for does not count');
    }
  }
  findings.push(...packageMap(element, directory));
  for (const each of [directory, ...overrides]) {
    const { entries, findings: ofList } = readPackageLists(element, each);
    findings.push(...ofList);
    const [first] = entries;
    if (each !== directory && first !== undefined) {
      warn(first.file, `its packages count as well, though ${directory} hides this element`);
    }
  }
  return findings;
}

function isPhase(name: string): boolean {
  return phaseNames.some((phase) => phase === name);
}

function isDirectoryOfHooks(path: string): boolean {
  return readdirSync(path).some((name) => isExecutableFile(join(path, name)));
}

type Warn = (file: string, message: string) => void;

function hooks(directory: string, warn: Warn, tell: (weight: 'error' | 'warning', file: string, m: string) => void) {
  const names = readdirSync(directory).sort();
  for (const name of names) {
    const path = join(directory, name);
    if (isDirectory(path) || /^package-installs-/.test(name) || name === '.gitignore') continue;
    if (!isFile(path)) warn(path, 'a dangling link: this hook never runs');
    else if (isExecutableFile(path) && hookName.test(name)) inspect(path, warn, tell);
    else if (!isMeantAsHook(name) || isUsedBeside(directory, name, names)) continue;
    else if (!isExecutableFile(path)) warn(path, `this hook never runs: it is not executable (chmod +x ${name})`);
    else {
      const without = name.replace(/\.[^.]*$/, '');
      const advice = hookName.test(without) ? `; call it ${without}` : '';
      warn(path, `this hook never runs: its name may have letters, digits, '_' and '-' only${advice}`);
    }
  }
}

function inspect(path: string, warn: Warn, tell: (weight: 'error' | 'warning', file: string, m: string) => void): void {
  if (/^#![^\n]*\r\n/.test(readFileSync(path, 'latin1').slice(0, 300))) {
    tell('error', path, 'its first line ends in a carriage return: save it with the line ends of Unix');
  } else if (isBroken(path)) {
    warn(path, 'a relative link out of its directory: it dangles once the hooks are merged');
  }
}

/** Files that hooks install lie beside them. A number in front, or a name that could run, tells a hook. */
function isMeantAsHook(name: string): boolean {
  return /^\d/.test(name) || hookName.test(name) || /\.(sh|bash|py)$/.test(name);
}

/** Whether another file beside it speaks of it. */
function isUsedBeside(directory: string, name: string, names: readonly string[]): boolean {
  return names.some((other) => {
    const path = join(directory, other);
    return other !== name && isFile(path) && readFileSync(path, 'latin1').includes(name);
  });
}

/** Links are copied as they are, into another directory. */
function isBroken(path: string): boolean {
  if (!lstatSync(path).isSymbolicLink()) return false;
  const target = readlinkSync(path);
  return !target.startsWith('/') && target.includes('/');
}

function environment(directory: string, warn: Warn): void {
  const names = readdirSync(directory).filter((name) => environmentName.test(name) && isFile(join(directory, name)));
  for (const name of readdirSync(directory)) {
    if (!environmentName.test(name)) warn(join(directory, name), 'it is never sourced: its name has other characters');
  }
  const numbered = names.filter((name) => /^\d/.test(name)).sort();
  numbered.forEach((name, at) => {
    const later = numbered.slice(at + 1).find((other) => parseInt(other) < parseInt(name));
    if (later !== undefined) {
      warn(join(directory, later), `it is sourced after ${name}: these names are sorted as text; write two digits`);
    }
  });
}

function excluded(directory: string, warn: Warn, top = directory): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (cvsExcludes.test(name)) {
      warn(path, `install-static leaves it out (rsync --cvs-exclude): it never comes to /${relative(top, path)}`);
    } else if (lstatSync(path).isDirectory()) excluded(path, warn, top);
  }
}

function packageMap(element: string, directory: string): ElementFinding[] {
  const file = join(directory, 'pkg-map');
  const text = readIfThere(file);
  if (text === undefined) return [];
  const finding = (weight: 'error' | 'warning', message: string) => ({ weight, element, file, message });
  try {
    const sections = Object.keys(JSON.parse(text) as object);
    const known = ['default', 'family', 'distro', 'release'];
    return sections
      .filter((name) => !known.includes(name))
      .map((name) => finding('warning', `section '${name}' is unknown and does nothing${didYouMean(name, known)}`));
  } catch (error) {
    return [finding('error', `invalid JSON: ${(error as Error).message}`)];
  }
}

/**
 * What the elements of one build say that no other one of them reads: diskimage-builder passes over it without a word.
 *
 * @param provided names that another element provides
 */
export function unreadFiles(elements: readonly Element[], provided: ReadonlyMap<string, string>): ElementFinding[] {
  const names = new Set([...elements.map(({ name }) => name), ...provided.keys()]);
  return elements.flatMap(({ name: element, directory }) =>
    visibleNames(directory).flatMap((entry): ElementFinding[] => {
      const found = readers.find(({ what }) => what.test(entry));
      if (!found || names.has(found.reader) || found.reader === element) return [];
      const message = `nothing reads it: element '${found.reader}' does, and is not among the elements; add it to element-deps`;
      return [{ weight: 'warning', element, file: join(directory, entry), message }];
    }),
  );
}

/** Files that two elements bring to one place, where the later one silently wins. */
export function overwrittenFiles(elements: readonly Element[]): ElementFinding[] {
  const findings: ElementFinding[] = [];
  const seen = new Map<string, { element: string; file: string }>();
  for (const { name: element, directory } of elements) {
    const brought = [
      ...visibleNames(directory).filter((entry) => /^source-repository-/.test(entry)),
      ...['static', 'init-scripts'].flatMap((top) => filesBelow(join(directory, top)).map((file) => join(top, file))),
    ];
    for (const path of brought) {
      const file = join(directory, path);
      const other = seen.get(path);
      if (other) {
        const message = `element '${other.element}' brings ${other.file} to the same place: only one of them stays`;
        findings.push({ weight: 'warning', element, file, message });
      } else seen.set(path, { element, file });
    }
  }
  return findings;
}

function filesBelow(directory: string): string[] {
  if (!isDirectory(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}

/** Services that two elements name in their `svc-map`. */
export function serviceConflicts(elements: readonly Element[]): ElementFinding[] {
  const seen = new Map<string, string>();
  return elements.flatMap(({ name: element, directory }) => {
    const file = join(directory, 'svc-map');
    const keys = [...(readIfThere(file) ?? '').matchAll(/^([\w.@-]+)\s*:/gm)].map(([, key]) => key ?? '');
    return keys.flatMap((key): ElementFinding[] => {
      const other = seen.get(key);
      seen.set(key, element);
      if (other === undefined) return [];
      const message = `service '${key}' is in the svc-map of element '${other}', too: a service may be in one`;
      return [{ weight: 'error', element, file, message }];
    });
  });
}
