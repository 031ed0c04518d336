import { UsageError } from '../host/failure.js';
import { secretsOfUrl } from '../host/url-mask.js';
import type { Section } from './configuration.js';
import { descriptionOption } from './description-options.js';
import type { Destination } from './destination.js';
import type { IniDocument } from './ini.js';
import { canonical } from './option.js';
import { isHash } from './password-hashes.js';

/**
 * What a section knows and no log may tell: password hashes, upload passwords, credentials in URLs, and the values of
 * the section's own options that are called like a secret.
 */
export function secretsOf(
  variables: Readonly<Record<string, string>>,
  destinations: readonly Destination[],
  environment: NodeJS.ProcessEnv = process.env,
): string[] {
  const named = Object.entries(variables).flatMap(([name, value]) => (isSecret(name) || isHash(value) ? [value] : []));
  const passwords = destinations.flatMap((destination) =>
    destination.type === 'sftp' && destination.passwordEnv !== undefined
      ? [environment[destination.passwordEnv] ?? '']
      : [],
  );
  const proxies = Object.keys(environment).filter((name) => /^(https?|all)_proxy$/i.test(name));
  const texts = [
    ...Object.values(variables),
    ...destinations.map(({ target }) => target),
    ...proxies.map((name) => environment[name] ?? ''),
  ];
  const secrets = new Set([...named, ...passwords, ...texts.flatMap(credentials)]);
  return [...secrets].filter((secret) => secret !== '');
}

/**
 * What of this is known before the section is read, for what has to be said of mistakes in it: as it stands in the file,
 * and as it is resolved.
 *
 * @throws UsageError if there is no such section
 */
export function secretsAsWritten({ name, document }: Section): string[] {
  const variables = document.optionNames(name).flatMap((option) => {
    const texts = [document.raw(name, option)?.value ?? '', resolved(document, name, option)];
    return texts.map((text): [string, string] => [option, text]);
  });
  return variables.flatMap(([option, text]) => secretsOf({ [option]: text }, [], {}));
}

function resolved(document: IniDocument, section: string, option: string): string {
  try {
    return document.get(section, option) ?? '';
  } catch (error) {
    if (error instanceof UsageError) return '';
    throw error;
  }
}

/** Whether the value of an option must not be told. */
export function isSecret(option: string): boolean {
  const known = descriptionOption(option);
  if (known) return known.secret === true;
  // The name of an environment variable is not what it holds, and a key file's name is not the key.
  const name = canonical(option.toLowerCase());
  return (secretWord.test(name) || /(?:^|-)(?:pass|pwd|pin)(?:-|$)/.test(name)) && !/-(?:env|file|command)$/.test(name);
}

/** What stands in the name of a setting that holds a secret, of sections and of answer files; for a RegExp. */
export const secretName = String.raw`(?:passw|passphrase|secret|token|credential|psk|(?:reg|registration|activation)[_-]?(?:code|key)|(?:private|api|access|license|licence|product|encryption|luks)[_-]?key)`;

const secretWord = new RegExp(secretName);

/**
 * The passwords and tokens in the URLs of a value, as they stand there and decoded. A URL is taken to go on to the next
 * one: it may have blanks where they should have been percent-encoded.
 */
export function credentials(text: string): string[] {
  const urls = text.match(/[a-z][a-z0-9+.-]{0,31}:\/\/(?:(?![a-z][a-z0-9+.-]{0,31}:\/\/)[^])*/gi) ?? [];
  return urls
    .flatMap((url) => [url, ...url.split(/\s/).slice(0, 1)])
    .flatMap(secretsOfUrl)
    .flatMap((secret) => [secret, decoded(secret)]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
