import type { AnswerFileKind } from '../config/image-spec.js';

/** A place in an answer file that puts the system where its disk can't be looked into, to clean it. */
export interface OpaqueStorage {
  /** From 1; undefined where it is what the installer does when nothing is said. */
  readonly line: number | undefined;
  /** As the answer file says it. */
  readonly setting: string;
  readonly storage: 'thin volumes' | 'cached volumes' | 'encryption' | 'RAID' | 'bcache' | 'ZFS';
  /** What to write instead. */
  readonly instead: string;
}

/** What of an answer file asks for encryption, RAID and the like, or for volumes of LVM that are not linear. */
export async function opaqueStorage(kind: AnswerFileKind, text: string): Promise<OpaqueStorage[]> {
  return readers[kind](text);
}

const readers: Readonly<Record<AnswerFileKind, (text: string) => OpaqueStorage[] | Promise<OpaqueStorage[]>>> = {
  kickstart,
  preseed,
  yast,
  autoinstall,
  agama,
};

/** Kickstart commands, as Anaconda's documentation of Kickstart has them; scripts and package lists are none. */
function kickstart(text: string): OpaqueStorage[] {
  const instead = "'part' or 'logvol' with ext4, xfs or btrfs, or 'autopart --type=lvm'";
  const found: OpaqueStorage[] = [];
  let script = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*%(?!include|ksappend)/.test(line)) script = !/^\s*%end\b/.test(line);
    const words = line.replace(/#.*/, '').trim().split(/\s+/);
    const [command = '', ...options] = words;
    if (script || command === '') continue;
    const add = (storage: OpaqueStorage['storage']) =>
      found.push({ line: index + 1, setting: [command, ...options.filter(telling)].join(' '), storage, instead });
    const type = /\s--type[= ]\s*(\S+)/.exec(line)?.[1];
    if (command === 'autopart' && type === 'thinp') add('thin volumes');
    else if (command === 'logvol' && options.some((option) => /^--thin(?:pool)?$/.test(option))) add('thin volumes');
    else if (command === 'logvol' && options.some((option) => option.startsWith('--cache'))) add('cached volumes');
    else if (command === 'raid') add('RAID');
    else if (!/^(?:part(?:ition)?|autopart|logvol|volgroup|btrfs)$/.test(command)) continue;
    else if (options.some((option) => option.startsWith('raid.'))) add('RAID');
    if (options.includes('--encrypted')) add('encryption');
  }
  return found;
}

/** Others may hold a passphrase. */
const telling = (option: string) => /^(--type\b|--thin|--cachesize|--encrypted$|raid\.)/.test(option);

const partmanMethods = { crypto: 'encryption', raid: 'RAID' } as const;

/** The questions of partman-auto (its doc/devel/partman-auto-recipe.txt); of one that is answered twice, the last counts. */
function preseed(text: string): OpaqueStorage[] {
  const found: OpaqueStorage[] = [];
  let method: OpaqueStorage | undefined;
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const begin = index;
    let line = lines[index] ?? '';
    if (/^\s*#/.test(line)) continue;
    while (line.endsWith('\\') && index + 1 < lines.length) line = line.slice(0, -1) + (lines[++index] ?? '');
    const [, question, answer = ''] = /^\s*\S+\s+partman-auto\/(method|expert_recipe)\s+\S+\s+(.*)$/.exec(line) ?? [];
    if (question === undefined) continue;
    const asked = question === 'method' ? answer.trim() : /\bmethod\{\s*(crypto|raid)\s*\}/.exec(answer)?.[1];
    const storage = partmanMethods[asked as keyof typeof partmanMethods];
    const setting = `partman-auto/${question} ${asked}`;
    const opaque = storage && {
      line: begin + 1,
      setting,
      storage,
      instead: "'partman-auto/method string regular', or 'lvm'",
    };
    if (question === 'method') method = opaque;
    else if (opaque) found.push(opaque);
  }
  return [...(method ? [method] : []), ...found];
}

/** Elements of AutoYaST's partitioning section (its guide, "Partitioning"). */
const yastElements: readonly { pattern: RegExp; storage: OpaqueStorage['storage'] }[] = [
  { pattern: /<pool\b[^>]*>\s*true\s*</g, storage: 'thin volumes' },
  { pattern: /<used_pool\b[^>]*>\s*[^<\s]/g, storage: 'thin volumes' },
  { pattern: /<type\b[^>]*>\s*CT_(?:MD|RAID|DMRAID)\s*</g, storage: 'RAID' },
  { pattern: /<raid_(?:name|type)\b[^>]*>\s*[^<\s]/g, storage: 'RAID' },
  { pattern: /<type\b[^>]*>\s*CT_BCACHE\s*</g, storage: 'bcache' },
  { pattern: /<crypt_fs\b[^>]*>\s*true\s*</g, storage: 'encryption' },
  { pattern: /<(?:crypt_method|encryption_password)\b[^>]*>\s*[^<\s]/g, storage: 'encryption' },
];

function yast(text: string): OpaqueStorage[] {
  const uncommented = text.replace(/<!--.*?-->/gs, (comment) => comment.replace(/[^\n]/g, ' '));
  return yastElements
    .flatMap(({ pattern, storage }) =>
      [...uncommented.matchAll(pattern)].map(({ 0: element, index }) => ({
        line: uncommented.slice(0, index).split('\n').length,
        // No value but a name of AutoYaST's own: it may be a password.
        setting: /CT_\w+/.exec(element)?.[0] ?? `<${/\w+/.exec(element)?.[0] ?? ''}>`,
        storage,
        instead: 'partitions or logical volumes (CT_DISK, CT_LVM) with ext4, xfs or btrfs',
      })),
    )
    .toSorted((one, other) => one.line - other.line);
}

const curtinTypes: Readonly<Record<string, OpaqueStorage['storage']>> = {
  dm_crypt: 'encryption',
  raid: 'RAID',
  bcache: 'bcache',
  zpool: 'ZFS',
  zfs: 'ZFS',
};

/** Autoinstall's `storage` and curtin's actions in it. */
async function autoinstall(text: string): Promise<OpaqueStorage[]> {
  const instead = "'layout: {name: direct}', 'layout: {name: lvm}', or a 'config' of partitions and logical volumes";
  const { value, lineOf } = await readYaml(text);
  const system = record(value)?.['autoinstall'];
  // Commands before the installation may write another one.
  if (!record(system) || /autoinstall\.yaml/.test(text)) return [];
  const storage = record(record(system)?.['storage']);
  const above = ['autoinstall', 'storage'];
  const actions = storage?.['config'];
  if (Array.isArray(actions)) {
    return actions.flatMap((action, index) => {
      const type = String(record(action)?.['type']);
      const kind = Object.hasOwn(curtinTypes, type) ? curtinTypes[type] : undefined;
      return kind
        ? [{ line: lineOf([...above, 'config', index]), setting: `type: ${type}`, storage: kind, instead }]
        : [];
    });
  }
  const layout = record(storage?.['layout']);
  const name = layout?.['name'] as string | undefined;
  const line = lineOf([...above, 'layout', 'name']);
  const found: OpaqueStorage[] = [];
  if (name === 'zfs') found.push({ line, setting: 'layout: zfs', storage: 'ZFS', instead });
  if (name === 'hybrid' || layout?.['password'] !== undefined) {
    found.push({ line, setting: 'an encrypted layout', storage: 'encryption', instead });
  }
  return found;
}

/** Members of Agama's `storage` (its storage.schema.json), wherever they stand. */
const agamaMembers: Readonly<Record<string, OpaqueStorage['storage']>> = {
  usedPool: 'thin volumes',
  mdRaids: 'RAID',
  encryption: 'encryption',
};

async function agama(text: string): Promise<OpaqueStorage[]> {
  const { value, lineOf } = await readYaml(text);
  const found: OpaqueStorage[] = [];
  const look = (node: unknown, path: (string | number)[]) => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, member] of Object.entries(node)) {
      const at = [...path, Array.isArray(node) ? Number(key) : key];
      const storage = Object.hasOwn(agamaMembers, key) ? agamaMembers[key] : undefined;
      const empty = member === null || member === false || (Array.isArray(member) && member.length === 0);
      if (storage === undefined || empty) look(member, at);
      else
        found.push({
          line: lineOf(at),
          setting: key,
          storage,
          instead: 'partitions or logical volumes with ext4, xfs or btrfs',
        });
    }
  };
  look(record(value)?.['storage'], ['storage']);
  // A profile of AutoYaST may stand there as it is.
  if (/"legacyAutoyastStorage"/.test(text) && /"CT_(MD|RAID|BCACHE)"|"used_pool"|"crypt_(fs|method)"/.test(text)) {
    const setting = 'legacyAutoyastStorage';
    found.push({
      line: lineOf([setting]),
      setting,
      storage: 'RAID',
      instead: 'partitions or logical volumes with ext4, xfs or btrfs',
    });
  }
  return found;
}

/** A file that can't be read holds nothing: others say what is wrong with it. */
async function readYaml(text: string) {
  const {
    default: { isNode, LineCounter, parseDocument },
  } = await import('yaml');
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, logLevel: 'silent' });
  const lineOf = (path: readonly (string | number)[]): number | undefined => {
    const node = document.getIn(path, true);
    return isNode(node) && node.range ? counter.linePos(node.range[0]).line : undefined;
  };
  return { value: document.errors.length > 0 ? undefined : (document.toJS() as unknown), lineOf };
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
