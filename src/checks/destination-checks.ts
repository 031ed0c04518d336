import { existsSync } from 'node:fs';
import { Failure } from '../host/failure.js';
import { findProgram } from '../host/programs.js';
import { knownHostKeys } from '../publish/known-hosts.js';
import { logins } from '../publish/sftp-login.js';
import type { Destination, SftpDestination } from '../config/destination.js';
import { serverName } from '../config/sftp-server.js';
import { error, placeOf, warning, type Check, type CheckFinding, type Subject } from './subject.js';

/** What shows of the destinations without connecting: their keys, passwords and known hosts. */
export const destinations: Check = async (subject) => {
  const findings = await Promise.all(subject.spec.destinations.map((one) => destinationFindings(subject, one)));
  return findings.flat();
};

async function destinationFindings(subject: Subject, destination: Destination): Promise<CheckFinding[]> {
  // Another check reports a missing ssh-keygen.
  if (destination.type !== 'sftp' || findProgram('ssh-keygen') === undefined) return [];
  return [...(await loginFindings(subject, destination)), ...(await knownHostFindings(subject, destination))];
}

async function loginFindings(subject: Subject, destination: SftpDestination): Promise<CheckFinding[]> {
  const { name, identity, passwordEnv } = destination;
  const findings: CheckFinding[] = [];
  const isNamed = identity !== undefined || passwordEnv !== undefined;
  if (identity !== undefined && !existsSync(identity)) findings.push(missingFile(subject, 'upload_identity', name));
  else if (identity !== undefined) {
    findings.push(...(await failing(subject, 'upload_identity', name, () => logins(subject.host, { identity }))));
  }
  if (passwordEnv !== undefined) {
    findings.push(
      ...(await failing(subject, 'upload_password_env', name, () => logins(subject.host, { passwordEnv }))),
    );
  }
  if (isNamed) return findings;
  const lacks = await failing(subject, 'upload_target', name, () => logins(subject.host, {}));
  return lacks.map(({ message }) => warning(message));
}

async function knownHostFindings(subject: Subject, destination: SftpDestination): Promise<CheckFinding[]> {
  const { name, server, knownHosts } = destination;
  const option = knownHosts === undefined ? 'upload_target' : 'upload_known_hosts';
  if (knownHosts !== undefined && !existsSync(knownHosts)) return [missingFile(subject, option, name)];
  const findings = await failing(subject, option, name, async () => {
    const { trusted, files } = await knownHostKeys(subject.host, server, knownHosts);
    if (trusted.length > 0) return;
    throw new Failure(`no host key of ${serverName(server)} in ${files.join(' or ')}, so the upload would fail`, {
      hint: `ssh-keyscan -p ${server.port} ${server.host} prints the server's keys; compare them with those on the server`,
    });
  });
  if (findings.length === 0 || option === 'upload_known_hosts') return findings;
  return findings.map(({ message }) => warning(message));
}

function missingFile(subject: Subject, option: string, section: string): CheckFinding {
  return error(`${placeOf(subject, option, section)}: there is no such file`);
}

async function failing(
  subject: Subject,
  option: string,
  section: string,
  action: () => Promise<unknown>,
): Promise<CheckFinding[]> {
  try {
    await action();
    return [];
  } catch (caught) {
    if (!(caught instanceof Failure)) throw caught;
    const hint = caught.hint === undefined ? '' : `. ${caught.hint}`;
    return [error(`${placeOf(subject, option, section)}: ${caught.message.replaceAll('\n', ' ')}${hint}`)];
  }
}
