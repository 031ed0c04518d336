import { credentials, secretName } from '../config/secrets.js';

/*
 * Answer files may have lines of megabytes, such as an archive in base64. What may begin at each of their characters is
 * therefore bounded in length: without bounds each search would take the square of the line's length.
 */

/** What a setting is called whose value is secret. */
const name = String.raw`[\w.-]{0,40}${secretName}[\w.-]{0,40}`;

/** A value in double quotes, in single quotes, or up to a blank or the end of a command. */
const word = String.raw`("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.|'')*'|[^\s"';|&<>()]+)`;

/** How answer files of each kind, and the scripts in them, set a password; the last group is its value. */
const settings = [
  // Hashes as crypt(5) and GRUB write them, wherever they stand.
  /(\$(?:1|2[abxy]?|5|6|7|y|gy|sha1|md5|argon2\w*)\$[\w./$=,+-]*[\w./])/g,
  /\b(grub\.pbkdf2\.[^\s"'<\\]+)/g,
  // preseed: OWNER QUESTION TYPE VALUE
  /^[ \t]*\S+[ \t]+\S+[ \t]+password[ \t]+(\S.*)$/gim,
  /^[ \t]*\S+[ \t]+\S*\/[^\s/]*(?:passw|passphrase|secret|token|_wep|_wpa)[^\s/]*[ \t]+string[ \t]+(\S.*)$/gim,
  // Kickstart
  new RegExp(String.raw`^[ \t]*(?:rootpw|sshpw)\b(?:[ \t]+--\S+)*[ \t]+(?!--)${word}`, 'gim'),
  // Kickstart, and the commands of scripts
  new RegExp(String.raw`--${name}[ \t]+(?!-)${word}`, 'gi'),
  new RegExp(String.raw`\b(?:useradd|usermod|groupmod)\b[^\n|;&]*?[ \t]-p[ \t]*${word}`, 'g'),
  /\bchpasswd\b[^\n]{0,512}<<<?[ \t]*["']?[\w.$-]{1,64}:([^\s"']+)/g,
  new RegExp(String.raw`\becho[ \t]+(?:-n[ \t]+)?${word}[ \t]*\|[^\n]*\bpasswd\b[^\n]*--stdin`, 'g'),
  /\b(?:Bearer|Basic)[ \t]+([\w.~+/=-]{8,})/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----([^]*?)-----END/g,
  // AutoYaST
  new RegExp(String.raw`<${name}(?:\s[^>]*)?>([^<]+)<`, 'gi'),
  // YAML, JSON, shells: in quotes, up to where a list or a command goes on, and up to the end of the line
  new RegExp(String.raw`${secretName}[\w.-]{0,40}["']?[ \t]*[:=][ \t]*${word}`, 'gi'),
  new RegExp(String.raw`^[ \t]*(?:- )?["']?${name}["']?[ \t]*:[ \t]+([^\s"'\[{|>][^,}\n]*)`, 'gim'),
  new RegExp(String.raw`^[ \t]*(?:- )?["']?${name}["']?[ \t]*:[ \t]+([^\s"'\[{|>][^\n]*)`, 'gim'),
];

/** Names of settings that hold no secret themselves: where one is, or how long it must be. */
const harmlessNames = /(?:-|_|\b)(?:file|env|command|path|url|minlen|min_length|policy)["']?[ \t]*[:=]/i;

/** What such a setting has where it says only whether there is a password, or that it is a variable of a script. */
const noSecret =
  /^(?:true|false|yes|no|on|off|null|none|crypted|plaintext|\*+|!+|\$\w+|\$\{[^}]*\}|\$\(.*|%\w+|[^\p{L}\p{N}]*),?$/iu;

/**
 * The passwords, hashes and tokens in an answer file, which may hold more of them than the section knows: as they stand
 * there, and as what reads them takes them.
 */
export function secretsIn(answerFile: string): string[] {
  const values = settings.flatMap((setting) =>
    [...answerFile.matchAll(setting)].flatMap(([whole, value]) =>
      value === undefined || harmlessNames.test(whole) ? [] : readings(value.trim()),
    ),
  );
  const secrets = [...values, ...pipedToChpasswd(answerFile), ...answerFile.split('\n').flatMap(credentials)];
  return [...new Set(secrets)].filter((secret) => !noSecret.test(secret));
}

/** Characters before `chpasswd` in which the password stands that goes into it. */
const longestPipe = 512;

/** `echo NAME:PASSWORD | chpasswd` */
function pipedToChpasswd(text: string): string[] {
  return [...text.matchAll(/\bchpasswd\b/g)].flatMap(({ index }) => {
    const before =
      text
        .slice(Math.max(0, index - longestPipe), index)
        .split('\n')
        .at(-1) ?? '';
    const [, password] = /[\w.$-]+:([^\s"']+)["']?[ \t]*\|[^\n]*$/.exec(before) ?? [];
    return password === undefined ? [] : readings(password);
  });
}

/** A value as it is written, and what it means in quotes, and in XML. */
function readings(value: string): string[] {
  const [, single] = /^'(.*)'$/s.exec(value) ?? [];
  const [, double] = /^"(.*)"$/s.exec(value) ?? [];
  const inner = single ?? double ?? value;
  const plain = [
    inner,
    inner.replaceAll("''", "'"),
    inner.replace(/\\(.)/g, '$1'),
    ...(double === undefined ? [] : [fromJson(value)]),
    fromXml(inner),
    inner.replace(/[ \t]+#.*$/, ''),
    inner.replace(/,$/, ''),
  ];
  return plain.filter((reading) => reading !== undefined);
}

function fromJson(text: string): string | undefined {
  try {
    return String(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function fromXml(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal?: string, hex?: string, entity?: string) => {
    if (entity !== undefined) return entities[entity] ?? whole;
    const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}
