/**
 * The GPT types that sgdisk(8) abbreviates to four digits, as `sgdisk --list-types` of gdisk 1.0.9 numbers them: those of
 * Linux, of firmware and of what images share with Windows.
 */
const abbreviated: Readonly<Record<string, string>> = {
  '0700': 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7',
  '0701': '558D43C5-A1AC-43C0-AAC8-D1472B2923D1',
  '0702': '90B6FF38-B98F-4358-A21F-48F35B4A8AD3',
  '0C01': 'E3C9E316-0B5C-4DB8-817D-F92DF00215AE',
  '2700': 'DE94BBA4-06D1-4D40-A16A-BFD50179D6AC',
  '4100': '9E1A2D38-C612-4316-AA26-8B49521E5A8B',
  '4200': 'AF9B60A0-1431-4F62-BC68-3311714A69AD',
  '4201': '5808C8AA-7E8F-42E0-85D2-E1E90434CFB3',
  '4202': 'E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D',
  '8200': '0657FD6D-A4AB-43C4-84E5-0933C84B4F4F',
  '8300': '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
  '8301': '8DA63339-0007-60C0-C436-083AC8230908',
  '8302': '933AC7E1-2EB4-4F13-B844-0E14E2AEF915',
  '8303': '44479540-F297-41B2-9AF7-D131D5F0458A',
  '8304': '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
  '8305': 'B921B045-1DF0-41C3-AF44-4C6F280D3FAE',
  '8306': '3B8F8425-20E0-4F3B-907F-1A25A76F98E8',
  '8307': '69DAD710-2CE4-4E3C-B16C-21A1D49ABED3',
  '8308': '7FFEC5C9-2D00-49B7-8941-3EA10A5586B7',
  '8309': 'CA7D7CCB-63ED-4C53-861C-1742536059CC',
  '830A': '993D8D3D-F80E-4225-855A-9DAF8ED7EA97',
  '830B': 'D13C5D3B-B5D1-422A-B29F-9454FDC89D76',
  '830C': '2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5',
  '830D': '7386CDF2-203C-47A9-A498-F2ECCE45A2D6',
  '830E': 'DF3300CE-D69F-4C92-978C-9BFB0F38D820',
  '830F': '86ED10D5-B607-45BB-8957-D350F23D0571',
  '8310': '4D21B016-B534-45C2-A9FB-5C16E091FD2D',
  '8311': '7EC6F557-3BC5-4ACA-B293-16EF5DF639D1',
  '8312': '773F91EF-66D4-49B5-BD83-D683BF40AD16',
  '8313': '75250D76-8CC6-458E-BD66-BD47CC81A812',
  '8314': '8484680C-9521-48C6-9C11-B0720656F69E',
  '8315': '7D0359A3-02B3-4F0A-865C-654403E70625',
  '8316': 'B0E01050-EE5F-4390-949A-9101B17104E9',
  '8317': '4301D2A6-4E3B-4B2A-BB94-9E0B2C4225EA',
  '8318': '8F461B0D-14EE-4E81-9AA9-049B6FB97ABD',
  '8319': '77FF5F63-E7B6-4633-ACF4-1565B864C0E6',
  '831A': 'C215D751-7BCD-4649-BE90-6627490A4C05',
  '831B': '6E11A4E7-FBCA-4DED-B9E9-E1A512BB664E',
  '831C': '6A491E03-3BE7-4545-8E38-83320E0EA880',
  '8500': '5DFBF5F4-2848-4BAC-AA5E-0D9A20B745A6',
  '8501': '3884DD41-8582-4404-B9A8-E9B84F2DF50E',
  '8502': 'C95DC21A-DF0E-4340-8D7B-26CBFA9A03E0',
  '8503': 'BE9067B9-EA49-4F15-B4F6-F36F8C9E1818',
  '8E00': 'E6D6D379-F507-44C2-A23C-238F2A3DF928',
  EA00: 'BC13C2FF-59E6-4262-A352-B275FD6F7172',
  ED00: 'F4019732-066E-4E12-8273-346C5641494F',
  ED01: 'BFBFAFE7-A34F-448A-9A5B-6213EB736C22',
  EF00: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
  EF01: '024DEE41-33E7-11D3-9D69-0008C781F39F',
  EF02: '21686148-6449-6E6F-744E-656564454649',
  FD00: 'A19D880F-05FC-4D3B-A006-743F0F84911E',
};

/** What firmware and installers must find among the partitions of a GPT. */
export const gptTypes = {
  efiSystem: abbreviated['EF00']!,
  biosBoot: abbreviated['EF02']!,
  linux: abbreviated['8300']!,
  linuxLvm: abbreviated['8E00']!,
  linuxSwap: abbreviated['8200']!,
} as const;

const words: Readonly<Record<string, string>> = {
  [gptTypes.efiSystem]: 'EFI system',
  [gptTypes.biosBoot]: 'BIOS boot',
  [gptTypes.linux]: 'Linux',
  [gptTypes.linuxLvm]: 'LVM',
  [gptTypes.linuxSwap]: 'swap',
  '0x0f': '0x0f extended',
};

/** What a type is called, or else the type itself. */
export function typeWords(type: string): string {
  return words[type] ?? type;
}

/**
 * Whether a type is that of an EFI system partition (UEFI Specification 2.10, 5.2 and 5.3.3).
 *
 * @param type of a GPT or an MBR, as a layout has it (`0xef`) or a partition table that was read (`ef`)
 */
export function isEfiSystem(type: string): boolean {
  return type.toUpperCase() === gptTypes.efiSystem || /^(?:0x)?ef$/i.test(type);
}

/**
 * A GPT type as sgdisk(8) takes it: four digits, with or without `0x`, or a GUID.
 *
 * @returns the GUID, in capital letters
 * @throws Error that says what would be right
 */
export function parseGptType(text: string): string {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return text.toUpperCase();
  const code = text.replace(/^0x/i, '').toUpperCase();
  const guid = abbreviated[code];
  if (guid !== undefined) return guid;
  const padded = `${code}00`;
  const meant = Object.hasOwn(abbreviated, padded) ? ` (did you mean '${padded}'?)` : '';
  throw new Error(
    `a type as sgdisk abbreviates it, such as '8300' (Linux), 'EF00' (EFI system), 'EF02' (BIOS boot) or '8E00' (LVM), or a GUID${meant}`,
  );
}

/** Types of an MBR that hold other partitions, which are made where logical partitions need them. */
const extendedTypes = [0x05, 0x0f, 0x85];

/**
 * A type of an MBR: one byte in hexadecimal digits, with or without `0x`.
 *
 * @returns `0x83`
 * @throws Error that says what would be right
 */
export function parseMbrType(text: string): string {
  const type = /^(?:0x)?[0-9a-f]{1,2}$/i.test(text) ? parseInt(text.replace(/^0x/i, ''), 16) : NaN;
  if (extendedTypes.includes(type)) {
    throw new Error('no type of an extended partition: it is made where there are logical ones');
  }
  if (type > 0) return `0x${type.toString(16).padStart(2, '0')}`;
  const inGpt = abbreviated[text.replace(/^0x/i, '').toUpperCase()] !== undefined;
  const meant = text.replace(/^0x/i, '').slice(0, 2).toLowerCase();
  const hint = inGpt ? `; '${text}' is a type of a GPT (did you mean '${meant}', or 'label: gpt'?)` : '';
  throw new Error(`one byte in hexadecimal digits, such as '83' (Linux), 'ef' (EFI system) or '8e' (LVM)${hint}`);
}
