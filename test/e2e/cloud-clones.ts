import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { execa } from 'execa';
import { SerialConsole } from '../support/serial-console.js';

/** An image with cloud-init, to be cloned. */
interface Cloned {
  readonly image: () => string;
  /** A private key, whose public one lies beside it. */
  readonly key: string;
  /** For disks and seeds of the clones. */
  readonly directory: string;
  /** Runs a command in a machine over SSH, with that key. */
  readonly run: (user: string, command: string, port: number) => Promise<string>;
  readonly freePort: () => Promise<number>;
  /** Ends the machine that has run until now, which the clones need not share the processors with. */
  readonly endMachine: () => Promise<void>;
}

/** What the first boot writes in each clone with the same content, and why that identifies none of them. */
const sharedByRight: readonly (readonly [RegExp, string])[] = [
  [/^\/etc\/(?:passwd|group|subuid|subgid|gshadow|shadow)-?$/, 'both seeds make the same user'],
  [/^\/etc\/(?:hosts|\.pwd\.lock|default\/locale|locale\.conf)$/, 'both seeds say the same'],
  [/^\/(?:etc|var)\/\.updated$/, 'the time of the /usr of the image (systemd-update-done.service(8))'],
  [/^\/boot\/grub\/grubenv$/, 'GRUB notes that a boot went well, and knows no machine'],
  [/^\/etc\/sudoers\.d\/90-cloud-init-users$/, 'both seeds make the same user'],
  [/^\/home\/visitor\/\.(?:bash_logout|bashrc|profile|ssh\/authorized_keys)$/, 'both seeds make the same user'],
  [/^\/root\/\.ssh\/authorized_keys$/, 'both seeds have the same key'],
  [/^\/(?:etc\/cloud|var\/lib\/cloud)\//, 'both seeds say the same; ids of instances are compared apart'],
  [/^\/(?:etc\/ld\.so\.cache|var\/cache\/ldconfig\/aux-cache|etc\/udev\/hwdb\.bin)$/, 'made of files of the image'],
  [/^\/var\/cache\/apparmor\//, 'profiles of the image for the same processor'],
  [/^\/var\/lib\/systemd\/(?:catalog\/database|deb-systemd-helper-enabled\/|timers\/)/, 'made of files of the image'],
  [/^\/var\/lib\/(?:dbus|private|dpkg|apt|pam|ucf|python|sudo|logrotate|man-db)\//, 'made of files of the image'],
  [/^\/etc\/ssh\/sshd_config\.d\/50-cloud-init\.conf$/, 'both seeds say the same'],
  [/^\/etc\/systemd\/network\/10-cloud-init-.*$/, 'the same card in machines of the same kind'],
  [/^\/var\/log\//, 'logs of the same steps; those with times and names differ'],
];

/** What identifies a machine: there in both clones, and different. */
const identities = [
  '/etc/machine-id',
  '/etc/hostname',
  '/etc/ssh/ssh_host_ed25519_key',
  '/etc/ssh/ssh_host_ecdsa_key',
  '/etc/ssh/ssh_host_rsa_key',
  '/var/lib/systemd/random-seed',
  '/var/lib/cloud/data/instance-id',
];

export function describeClones({ image, key, directory, run, freePort, endMachine }: Cloned): void {
  describe('two clones of it on disks of 20 GB, each with a NoCloud seed', () => {
    const sums = new Map<string, ReadonlyMap<string, string>>();
    let golden: ReadonlyMap<string, string>;

    before(async () => {
      await endMachine();
      await rm(directory, { recursive: true, force: true });
      await mkdir(directory, { recursive: true });
      golden = await filesOfImage(image(), directory);
    });
    after(() => rm(directory, { recursive: true, force: true }));

    for (const name of ['clone-a', 'clone-b']) {
      it(`${name}: has its host name, a user with a key, the whole disk, and no failed unit`, async () => {
        const disk = join(directory, `${name}.qcow2`);
        await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', image(), '-F', 'qcow2', disk, '20G']);
        const sshPort = await freePort();
        const seed = await seedVolume(directory, name, await readFile(`${key}.pub`, 'utf8'));
        const machine = SerialConsole.boot(disk, { format: 'qcow2', memory: 1024, sshPort, seed, writes: 'kept' });
        try {
          const inside = (command: string) => run('visitor', command, sshPort);
          await machine.expect(new RegExp(`${name} login:`), 3600);
          for (let second = 0; second < 3600 && (await inside('echo up')) !== 'up\n'; second++) await sleep(1000);
          expect(await inside('cloud-init status --wait')).to.match(/status: done/);
          expect(await inside('hostname; id -un; sudo -n id -un')).to.equal(`${name}\nvisitor\nroot\n`);
          expect(Number(await inside('df --output=size -B1M / | tail -n 1'))).to.be.above(18_000);
          await inside('systemctl is-system-running --wait');
          expect(await inside('systemctl --failed --no-legend --plain')).to.equal('');
          expect(await inside('ip -4 -o addr show scope global')).to.match(/10\.0\.2\.15/);
          sums.set(name, sumsIn(await inside('sudo find / -xdev -type f -size +0 -print0 | sudo xargs -0 sha256sum')));
          await inside('sudo systemctl poweroff');
          await machine.ended(1800);
        } finally {
          await machine.powerOff();
        }
      });
    }

    it('share nothing that the first boot made, but a listed few', () => {
      const [a, b] = ['clone-a', 'clone-b'].map((name) => sums.get(name)!);
      const made = [...a!].filter(([file, sum]) => golden.get(file) !== sum);
      const shared = made.filter(([file, sum]) => b!.get(file) === sum).map(([file]) => file);
      expect(made.length).to.be.above(10);
      expect(shared.filter((file) => !sharedByRight.some(([pattern]) => pattern.test(file)))).to.deep.equal([]);
    });

    it('have identities of their own', () => {
      const [a, b] = ['clone-a', 'clone-b'].map((name) => sums.get(name)!);
      for (const file of identities) {
        expect([a!.has(file), b!.has(file)], file).to.deep.equal([true, true]);
        expect(a!.get(file), file).not.to.equal(b!.get(file));
        expect(golden.get(file), file).not.to.equal(a!.get(file));
      }
    });
  });
}

/** SHA-256 sums by path, of the output of sha256sum(1). */
function sumsIn(text: string): Map<string, string> {
  const found = [...text.matchAll(/^\\?([0-9a-f]{64}) [ *](.+)$/gm)].map(
    ([, sum = '', file = '']) => [file, sum] as const,
  );
  expect(found.length).to.be.above(5000);
  return new Map(found);
}

/** The files of the root file system of an image, which is the last partition and ext4. */
async function filesOfImage(image: string, directory: string): Promise<Map<string, string>> {
  const raw = join(directory, 'golden.raw');
  const tree = join(directory, 'golden');
  await mkdir(tree);
  await execa('qemu-img', ['convert', '-O', 'raw', image, raw]);
  const { stdout } = await execa('sfdisk', ['--json', raw]);
  const table = JSON.parse(stdout) as { partitiontable: { partitions: readonly { start: number }[] } };
  const start = table.partitiontable.partitions.at(-1)!.start;
  await execa('debugfs', ['-R', `rdump / ${tree}`, `${raw}?offset=${start * 512}`]);
  const { stdout: sums } = await execa('sh', ['-c', 'find . -type f -size +0 -print0 | xargs -0 sha256sum'], {
    cwd: tree,
  });
  await rm(raw);
  await rm(tree, { recursive: true });
  return new Map([...sumsIn(sums)].map(([file, sum]) => [file.replace(/^\./, ''), sum]));
}

/** A volume with the answers of a cloud (cloud-init, "NoCloud"). */
async function seedVolume(directory: string, name: string, key: string): Promise<string> {
  const content = join(directory, `${name}.seed`);
  await mkdir(content);
  await writeFile(join(content, 'meta-data'), `instance-id: ${name}\nlocal-hostname: ${name}\n`);
  await writeFile(
    join(content, 'user-data'),
    `#cloud-config
users:
  - name: visitor
    shell: /bin/bash
    sudo: ALL=(ALL) NOPASSWD:ALL
    ssh_authorized_keys: [${JSON.stringify(key.trim())}]
`,
  );
  const volume = join(directory, `${name}.iso`);
  await execa('xorrisofs', ['-quiet', '-joliet', '-rock', '-volid', 'cidata', '-output', volume, content]);
  return volume;
}
