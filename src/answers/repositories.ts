import type { AnswerFileKind } from '../config/image-spec.js';
import { repositories as repositoryList } from '../config/description-types.js';

/** The index of a package repository: the file without which it is none. */
export interface RepositoryIndex {
  /** What names it, for messages. */
  readonly what: string;
  readonly uri: string;
}

/** What tells of an image's repositories. */
interface RepositoryContext {
  readonly kind: AnswerFileKind;
  /** The answer file, as the installer reads it. */
  readonly text: string;
  /** The option `extra-repositories`; what is wrong with it is said elsewhere. */
  readonly extra: string;
  /** The option `suite`, for an answer file that does not name it. */
  readonly suite?: string | undefined;
}

/** The repositories that an installer will ask for, as far as its answer file names them in so many words. */
const namedIn: Readonly<Record<AnswerFileKind, (context: RepositoryContext) => RepositoryIndex[]>> = {
  preseed: preseedMirror,
  kickstart: kickstartSources,
  yast: autoyastAddOns,
  autoinstall: autoinstallMirrors,
  agama: agamaRepositories,
};

/** The indexes of all repositories of an image: those of its answer file, and of the option `extra-repositories`. */
export function repositoryIndexes(context: RepositoryContext): RepositoryIndex[] {
  const found = [...namedIn[context.kind](context), ...extraRepositories(context)];
  // `$releasever` and the like only the installer knows.
  return found.filter(({ uri }) => !uri.includes('$'));
}

/** Installation Guide, B.4.3: `mirror/http/hostname`, `mirror/http/directory`, `mirror/suite`. */
function preseedMirror({ text }: RepositoryContext): RepositoryIndex[] {
  const answers = new Map(
    [...text.matchAll(/^\s*d-i[ \t]+(mirror\/\S+)[ \t]+\w+[ \t]+(\S+)/gm)].map(([, name, value]) => [name, value]),
  );
  const protocol = answers.get('mirror/protocol') ?? 'http';
  const host = answers.get(`mirror/${protocol}/hostname`);
  const suite = answers.get('mirror/suite');
  if (host === undefined || suite === undefined) return [];
  const directory = (answers.get(`mirror/${protocol}/directory`) ?? '').replace(/^\/|\/$/g, '');
  const base = `${protocol}://${host}/${directory === '' ? '' : `${directory}/`}`;
  return [{ what: 'mirror', uri: `${base}dists/${suite}/Release` }];
}

/** Anaconda's `url` and `repo`. A mirror list is asked for itself. */
function kickstartSources({ text }: RepositoryContext): RepositoryIndex[] {
  return text.split('\n').flatMap((line) => {
    const [what] = /^(?:url|repo)(?=\s)/.exec(line) ?? [];
    const [, option, quoted, bare] =
      /\s--(url|baseurl|mirrorlist|metalink)[= ](?:"([^"]*)"|([^\s"]+))/.exec(line) ?? [];
    const uri = quoted ?? bare;
    if (what === undefined || uri === undefined || !isWeb(uri)) return [];
    return [{ what, uri: option === 'url' || option === 'baseurl' ? rpmIndex(uri) : uri }];
  });
}

/** AutoYaST Guide, "Installing additional/customized packages or products". */
function autoyastAddOns({ text }: RepositoryContext): RepositoryIndex[] {
  return [...text.matchAll(/<media_url[^>]*>\s*(https?:[^<\s]+)\s*</g)].map(([, url = '']) => ({
    what: 'media_url',
    uri: rpmIndex(url.replaceAll('&amp;', '&')),
  }));
}

/** Autoinstall configuration reference, "apt". The suite is that of the installer's own system. */
function autoinstallMirrors({ text, suite }: RepositoryContext): RepositoryIndex[] {
  if (!suite) return [];
  return [...text.matchAll(/^\s*(?:- )?uri:\s*["']?(https?:[^\s"']+)/gm)].map(([, url = '']) => ({
    what: 'mirror',
    uri: debIndex(url, suite),
  }));
}

/** `software.extraRepositories` of Agama's profile.schema.json. */
function agamaRepositories({ text }: RepositoryContext): RepositoryIndex[] {
  try {
    const { software } = JSON.parse(text) as { software?: { extraRepositories?: { url?: unknown }[] } };
    return (software?.extraRepositories ?? []).flatMap(({ url }) =>
      typeof url === 'string' && isWeb(url) ? [{ what: 'extraRepositories', uri: rpmIndex(url) }] : [],
    );
  } catch {
    return [];
  }
}

function extraRepositories({ kind, extra }: RepositoryContext): RepositoryIndex[] {
  const isDebian = kind === 'preseed' || kind === 'autoinstall';
  return parsed(extra).flatMap(({ name, url, suite, key }) => {
    const what = `extra-repositories: ${name}`;
    const index = isDebian ? debIndex(url, suite) : rpmIndex(url);
    return [{ what, uri: index }, ...(key === undefined || !isWeb(key) ? [] : [{ what: `${what}: key`, uri: key }])];
  });
}

function parsed(extra: string): ReturnType<typeof repositoryList.parse> {
  try {
    return repositoryList.parse(extra);
  } catch {
    return [];
  }
}

/** sources.list(5): a suite that ends in a slash, or none, is a directory without `dists/`. */
function debIndex(url: string, suite = '/'): string {
  const base = url.replace(/\/$/, '');
  if (!suite.endsWith('/')) return `${base}/dists/${suite}/InRelease`;
  return `${base}/${suite.replace(/^\.?\//, '')}InRelease`;
}

function rpmIndex(url: string): string {
  return `${url.replace(/\/$/, '')}/repodata/repomd.xml`;
}

function isWeb(uri: string): boolean {
  return /^https?:\/\//i.test(uri);
}
