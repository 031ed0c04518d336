import { fileRule } from '../find-files.js';
import { inHomes } from '../homes.js';
import type { Finding, Rule } from '../rule.js';

const holdsKey = /PrivateKey\s*=|(^|\s)(psk|password|private-key|wep-key\d|leap-password)\s*=\s*\S/;
const networkSecrets = [
  '/etc/wireguard/*.conf',
  '/etc/wpa_supplicant/*.conf',
  '/etc/NetworkManager/system-connections/*',
  '/etc/systemd/network/*.netdev',
  '/etc/netplan/*.yaml',
];

/** What lets whoever has the image into something else. Only you know whether it is meant to be there: never removed. */
export const credentialRules: readonly Rule[] = [
  fileRule({
    name: 'private-keys',
    group: 'credentials',
    level: 'error',
    title: 'Private keys of users: SSH and OpenPGP',
    reason: 'who has the image can log in, sign and decrypt as their owner',
    source: 'ssh(1), "Files"; gpg-agent(1), "private-keys-v1.d"; virt-sysprep(1), ssh-userdir',
    paths: inHomes('.ssh/id_*', '.gnupg/private-keys-v1.d/*', '.gnupg/secring.gpg'),
    called: /(?<!\.pub)$/,
  }),
  fileRule({
    name: 'cloud-credentials',
    group: 'credentials',
    level: 'error',
    title: 'Access to clouds and clusters',
    reason: 'who has the image can act in your account',
    source:
      'AWS CLI, gcloud, az, kubectl, OpenStack, rclone, s3cmd, Terraform, Vault: where each keeps its credentials',
    paths: inHomes(
      '.aws/credentials',
      '.aws/sso/cache/*',
      '.config/gcloud/credentials.db',
      '.config/gcloud/application_default_credentials.json',
      '.azure/accessTokens.json',
      '.azure/msal_token_cache.*',
      '.kube/config',
      '.config/openstack/clouds.yaml',
      '.config/openstack/secure.yaml',
      '.config/rclone/rclone.conf',
      '.s3cfg',
      '.terraform.d/credentials.tfrc.json',
      '.vault-token',
      '.config/hcloud/cli.toml',
      '.config/doctl/config.yaml',
    ),
  }),
  fileRule({
    name: 'service-credentials',
    group: 'credentials',
    level: 'error',
    title: 'Passwords and tokens for servers, repositories and registries',
    reason: 'who has the image can log in there as you',
    source:
      'netrc(5); git-credential-store(1); docker-login(1); apt_auth.conf(5); pip, npm, psql and mysql: their manuals',
    paths: [
      ...inHomes(
        '.netrc',
        '.git-credentials',
        '.config/git/credentials',
        '.config/gh/hosts.yml',
        '.pgpass',
        '.my.cnf',
        '.pypirc',
        '.cargo/credentials.toml',
        '.config/containers/auth.json',
      ),
      '/etc/apt/auth.conf',
      '/etc/apt/auth.conf.d/*',
      '/etc/pki/entitlement-host/*-key.pem',
    ],
  }),
  {
    name: 'registry-tokens',
    group: 'credentials',
    level: 'error',
    title: 'Tokens in the configuration of Docker and npm',
    reason: 'who has the image can pull and publish as you',
    source: 'docker-login(1), "Credential stores"; npmrc(5), "Auth related configuration"',
    looks: inHomes('.docker/config.json', '.npmrc'),
    reads: inHomes('.docker/config.json', '.npmrc'),
    find: (system): Finding[] =>
      system
        .files(inHomes('.docker/config.json', '.npmrc'))
        .filter((path) => /"auth"\s*:\s*"[^"]|_auth(Token)?\s*=|_password\s*=/.test(system.texts.get(path) ?? ''))
        .map((path) => ({ path })),
  },
  {
    name: 'network-secrets',
    group: 'credentials',
    level: 'error',
    title: 'Keys and passwords of wireless networks and tunnels',
    reason: 'clones are one peer of a tunnel, and who has the image can be it, too',
    source: 'wg(8), PrivateKey; nm-settings(5), psk; wpa_supplicant.conf(5)',
    looks: networkSecrets,
    reads: networkSecrets,
    find: (system): Finding[] => {
      const paths = system.lines(networkSecrets).flatMap(({ path, text }) => (holdsKey.test(text) ? [path] : []));
      return [...new Set(paths)].map((path) => ({ path }));
    },
  },
  fileRule({
    name: 'other-private-keys',
    group: 'credentials',
    level: 'note',
    title: 'Further private keys of TLS',
    reason: 'every clone has them: right for none but a key that a fleet shares',
    source: 'ssl-cert, "/etc/ssl/private"; update-crypto-policies(8), "/etc/pki"',
    paths: ['/etc/ssl/private/*', '/etc/pki/tls/private/*', '/etc/letsencrypt/archive/*/privkey*.pem'],
    except: ['/etc/ssl/private/ssl-cert-snakeoil.key', '/etc/pki/tls/private/localhost.key'],
  }),
];
