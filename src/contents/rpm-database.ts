import { command, run, type Command, type Caller } from '../host/host.js';
import { sorted, type Package } from './packages.js';

/** Where rpm databases lie, newest place first, with the files that belong together: SQLite, ndb (SUSE), Berkeley DB. */
export const rpmDatabases: readonly { readonly directory: string; readonly files: readonly string[] }[] = [
  { directory: '/usr/lib/sysimage/rpm', files: ['rpmdb.sqlite', 'rpmdb.sqlite-wal'] },
  { directory: '/usr/lib/sysimage/rpm', files: ['Packages.db'] },
  { directory: '/var/lib/rpm', files: ['rpmdb.sqlite', 'rpmdb.sqlite-wal'] },
  { directory: '/var/lib/rpm', files: ['Packages.db'] },
  { directory: '/var/lib/rpm', files: ['Packages'] },
];

/** What rpm calls the keys that it trusts: they stand in the database like packages, and are none. */
const trustedKey = 'gpg-pubkey';

/** @throws Failure where the rpm of this machine can't read the database, or is not installed */
export async function readRpmDatabase(host: Caller, directory: string): Promise<Package[]> {
  const { stdout } = await run(host, queryCommand(directory));
  return sorted(stdout.split('\n').flatMap(readLine));
}

function queryCommand(directory: string): Command {
  const fields = ['%{NAME}', '%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}', '%{ARCH}', '%{SOURCERPM}'];
  return command('rpm', ['--dbpath', directory, '--query', '--all', '--queryformat', `${fields.join('\\t')}\\n`]);
}

function readLine(line: string): Package[] {
  const [name = '', version = '', architecture = '', source = ''] = line.split('\t');
  if (name === '' || name === trustedKey) return [];
  return [{ name, version, architecture, ...(/\.rpm$/.test(source) ? { source } : {}) }];
}
