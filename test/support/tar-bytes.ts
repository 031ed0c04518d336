/** A member of a tar archive, written byte by byte: also what no archiver writes. */
export interface Member {
  readonly name: string | Buffer;
  /** The type flag of ustar: `0` file, `1` hard link, `2` symbolic link, `3` and `4` devices, `5` directory, `6` FIFO. */
  readonly type?: string;
  readonly content?: string | Buffer;
  readonly target?: string | Buffer;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly device?: readonly [major: number, minor: number];
  /** Records of a PAX header before it. */
  readonly pax?: Readonly<Record<string, string | Buffer>>;
  /** Bytes, where it is not the content's length. */
  readonly size?: number;
}

const block = 512;

/** A whole archive. */
export function tarOf(...members: readonly Member[]): Buffer {
  return Buffer.concat([...members.map(tarMember), Buffer.alloc(2 * block)]);
}

/** One member, with its headers and its content. */
export function tarMember({ pax, ...member }: Member): Buffer {
  if (pax === undefined) return plainMember(member);
  const records = Object.entries(pax).map(([key, value]) => paxRecord(key, Buffer.from(value)));
  return Buffer.concat([plainMember({ name: 'pax', type: 'x', content: Buffer.concat(records) }), plainMember(member)]);
}

function plainMember(member: Omit<Member, 'pax'>): Buffer {
  const { type = '0', content = '', mode = type === '5' ? 0o755 : 0o644, device = [0, 0] } = member;
  const data = Buffer.from(content);
  const header = Buffer.alloc(block);
  const put = (value: string | Buffer, at: number, length: number) => Buffer.from(value).copy(header, at, 0, length);
  const octal = (value: number, at: number, length: number) =>
    put(`${value.toString(8).padStart(length - 1, '0')}\0`, at, length);
  put(member.name, 0, 100);
  octal(mode, 100, 8);
  octal(member.uid ?? 0, 108, 8);
  octal(member.gid ?? 0, 116, 8);
  octal(member.size ?? data.length, 124, 12);
  octal(1_700_000_000, 136, 12);
  put(type, 156, 1);
  put(member.target ?? '', 157, 100);
  put('ustar\x0000', 257, 8);
  octal(device[0], 329, 8);
  octal(device[1], 337, 8);
  put(' '.repeat(8), 148, 8);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8);
  return Buffer.concat([header, data, Buffer.alloc((block - (data.length % block)) % block)]);
}

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
