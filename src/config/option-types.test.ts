import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { operatingSystem } from './operating-system.js';
import * as type from './option-types.js';

const KiB = 1024;
const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

describe('size', () => {
  it('reads binary and decimal units, and a unit of one letter as binary', () => {
    const sizes: Record<string, number> = {
      '2G': 2 * GiB,
      '512 MiB': 512 * MiB,
      '2 GB': 2e9,
      '1kB': 1000,
      '1KiB': KiB,
      '1K': KiB,
      '3T': 3 * 1024 ** 4,
      '4 PB': 4e15,
      '100B': 100,
      '0M': 0,
      '  7\tMiB ': 7 * MiB,
    };
    for (const [text, bytes] of Object.entries(sizes)) expect(type.size.parse(text), text).to.equal(bytes);
  });

  it('takes neither a bare number nor a unit that does not exist', () => {
    for (const text of [
      '1024',
      '',
      'G',
      '-1G',
      '1.5G',
      '2g',
      '2KB',
      '2kiB',
      '2k',
      '2 Gi',
      '2GB of it',
      '1_000M',
      '٢G',
    ]) {
      expect(() => type.size.parse(text), text).to.throw("a size with a unit, such as '2G', '512 MiB' or '2 GB'");
    }
  });

  it('refuses what a number can not count to the byte', () => {
    expect(() => type.size.parse('8E')).to.throw('a size below 8 PiB');
  });
});

describe('diskSize', () => {
  let directory: string;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'disk-size-'))));
  after(() => rmSync(directory, { recursive: true }));

  /** The size in bytes of the disk that qemu-img makes of the text; undefined if it refuses. */
  function asQemuImgTakesIt(text: string): number | undefined {
    const disk = join(directory, 'disk.raw');
    try {
      execFileSync('qemu-img', ['create', '-q', '-f', 'raw', disk, text], { stdio: 'ignore' });
    } catch {
      return undefined;
    }
    return statSync(disk).size;
  }

  it('is what qemu-img makes of the same text, in whole sectors', () => {
    for (const text of ['2G', '1.5G', '2g', '65536', '100k', '512b', '512B', '1.1M', '0.3g', '3000']) {
      expect(Math.ceil(type.diskSize.parse(text) / 512) * 512, text).to.equal(asQemuImgTakesIt(text));
    }
  });

  it('refuses what qemu-img refuses', () => {
    for (const text of ['', 'G', '-1G', '1.5', '1.5b', '2x', '2GG', '8E', '9999999999999999E']) {
      expect(asQemuImgTakesIt(text), text).to.equal(undefined);
      expect(() => type.diskSize.parse(text), text).to.throw('a size');
    }
  });

  it('may have the units of every other size', () => {
    expect(type.diskSize.parse('2 GB')).to.equal(2e9);
    expect(type.diskSize.parse('512 MiB')).to.equal(512 * MiB);
  });
});

describe('duration', () => {
  it('reads days, hours, minutes and seconds into milliseconds', () => {
    const durations: Record<string, number> = {
      '90s': 90_000,
      '45m': 45 * 60_000,
      '2h': 2 * 3_600_000,
      '1h30m': 5_400_000,
      '1 h 30 m': 5_400_000,
      '1d': 86_400_000,
      '2H': 7_200_000,
      '90': 90_000,
    };
    for (const [text, milliseconds] of Object.entries(durations)) {
      expect(type.duration.parse(text), text).to.equal(milliseconds);
    }
  });

  it('needs a number and a unit that it knows', () => {
    for (const text of ['', 'h', '2 hours', '1.5h', '-5m', '0', '0s', '5min', 'soon', '2h!']) {
      expect(() => type.duration.parse(text), text).to.throw("a duration such as '90s', '45m' or '2h'");
    }
    for (const text of ['30m1h', '1h1h', '1h30', '1d12', '90 30s']) {
      expect(() => type.duration.parse(text), text).to.throw('a duration');
    }
    expect(() => type.duration.parse('1h30')).to.throw("(did you mean '1h30m'?)");
  });

  it('is never longer than a timer can be', () => {
    expect(type.duration.parse('365d')).to.equal(2 ** 31 - 1);
  });
});

describe('boolean', () => {
  it('knows the words that configparser knows, in any case', () => {
    expect(['1', 'yes', 'True', 'ON'].map((word) => type.boolean.parse(word))).to.deep.equal([true, true, true, true]);
    expect(['0', 'no', 'False', 'OFF'].map((word) => type.boolean.parse(word))).to.not.include(true);
  });

  it('does not guess', () => {
    for (const word of ['', 'y', 'enabled', '2'])
      expect(() => type.boolean.parse(word), word).to.throw("'yes' or 'no'");
  });
});

describe('integer', () => {
  const cores = type.integer(1, 512);

  it('is within its range, both ends included', () => {
    expect(['1', ' 4 ', '512'].map((text) => cores.parse(text))).to.deep.equal([1, 4, 512]);
    for (const text of ['0', '513', '-1', '1.5', '1e2', '0x10', '', 'many']) {
      expect(() => cores.parse(text), text).to.throw('a whole number from 1 to 512');
    }
  });
});

describe('volume', () => {
  it('is the number of a partition, or a logical volume of a group', () => {
    const read = (text: string) => type.volume.parse(text);
    expect(['1', ' 007 ', '128', 'vg/root', '/dev/my-vg/var_log'].map(read)).to.deep.equal([
      ...['1', '7', '128', 'vg/root', 'my-vg/var_log'],
    ]);
    for (const wrong of ['0', '129', 'vda1', '/dev/vda1', '/dev/mapper/vg-root', 'vg/', '-vg/root', 'a/b/c', '']) {
      expect(() => read(wrong), wrong).to.throw(
        'the number of a partition, from 1 to 128, or a logical volume such as',
      );
    }
  });
});

describe('oneOf', () => {
  const format = type.oneOf('qcow2', 'raw');

  it('knows its words in any case, and lists them where another one stands', () => {
    expect(format.parse('QCOW2')).to.equal('qcow2');
    expect(() => format.parse('vmdk')).to.throw("one of 'qcow2', 'raw'");
    expect(format.metavar).to.equal('{qcow2,raw}');
  });
});

describe('commaList', () => {
  it('is names without the blanks around them, and without empty ones', () => {
    expect(type.commaList.parse('mirror, cloud ,,\n backup')).to.deep.equal(['mirror', 'cloud', 'backup']);
    expect(type.commaList.parse(' , ')).to.deep.equal([]);
  });
});

describe('shellWords', () => {
  it('is words as for a shell', () => {
    expect(type.shellWords.parse(`ssh host "chmod 644 a b"`)).to.deep.equal(['ssh', 'host', 'chmod 644 a b']);
    expect(() => type.shellWords.parse(`echo "a`)).to.throw(
      'words as for a shell, but a double quote (") is not closed',
    );
  });
});

describe('path', () => {
  it('knows the home directory, its own only', () => {
    expect(type.path.parse('~/images/debian.log')).to.equal(join(homedir(), 'images/debian.log'));
    expect(type.directory.parse('~')).to.equal(homedir());
    for (const text of ['~other/x', 'a/~/b', '/srv/~', 'relative name']) expect(type.path.parse(text)).to.equal(text);
  });
});

describe('mac', () => {
  it('is the address of one machine', () => {
    expect(type.mac.parse('52:54:00:AB:cd:ef')).to.equal('52:54:00:AB:cd:ef');
    expect(type.mac.parse('RANDOM')).to.equal('RANDOM');
    expect(() => type.mac.parse('00:00:00:00:00:00')).to.throw('all zeros');
    expect(() => type.mac.parse('53:54:00:12:34:56')).to.throw('the first byte of this one is odd');
    for (const text of ['52-54-00-12-34-56', '52:54:00:12:34', '52:54:00:12:34:56:78', '52:54:00:12:34:5g', '']) {
      expect(() => type.mac.parse(text), text).to.throw("a MAC address such as '52:54:00:12:34:56'");
    }
  });
});

describe('vnc', () => {
  it('is an address, and a TCP port counted from 5900', () => {
    expect(type.vnc.parse('localhost:1')).to.deep.equal({ listen: 'localhost', port: 5901 });
    expect(type.vnc.parse('0.0.0.0:0')).to.deep.equal({ listen: '0.0.0.0', port: 5900 });
    expect(type.vnc.parse('[::1]:20')).to.deep.equal({ listen: '::1', port: 5920 });
  });

  it('may leave the address to libvirt', () => {
    expect(type.vnc.parse(':3')).to.deep.equal({ listen: '', port: 5903 });
  });

  it('needs a display number, and lets nothing else into the option of virt-install', () => {
    for (const text of ['localhost', 'localhost:', 'localhost:one', 'a:1:2', ':59636', 'a,password=x:1', '']) {
      expect(() => type.vnc.parse(text), text).to.throw("host and display number such as 'localhost:1'");
    }
  });
});

describe('sha256', () => {
  it('is 64 hexadecimal digits, in lower case', () => {
    expect(type.sha256.parse('AB'.repeat(32))).to.equal('ab'.repeat(32));
    expect(() => type.sha256.parse('ab'.repeat(31))).to.throw('64 hexadecimal digits');
  });
});

describe('listOf', () => {
  const colours = type.listOf('red', 'green', 'blue');

  it('takes words separated by commas or blanks, in their order', () => {
    expect(colours.parse('green, red')).to.deep.equal(['green', 'red']);
    expect(colours.parse('Blue red,')).to.deep.equal(['blue', 'red']);
  });

  it('refuses other words, naming them and the nearest one, and an empty list', () => {
    expect(() => colours.parse('red, gren')).to.throw(
      /^one or more of .* separated by commas, and not 'gren' \(did you mean 'green'\?\)/,
    );
    expect(() => colours.parse(' , ')).to.throw(/^one or more of 'red', 'green', 'blue', separated by commas$/);
  });
});

describe('bootTest', () => {
  it('is one of the words, or off as a boolean says it', () => {
    for (const kind of type.bootTestWords) expect(type.bootTest.parse(kind)).to.deep.equal({ kind });
    for (const word of ['no', 'False', '0', 'OFF']) expect(type.bootTest.parse(word)).to.deep.equal({ kind: 'off' });
  });

  it('is else a command, split as a shell does', () => {
    expect(type.bootTest.parse("sh -c 'exit 0'")).to.deep.equal({ kind: 'command', words: ['sh', '-c', 'exit 0'] });
    expect(() => type.bootTest.parse("sh -c 'exit")).to.throw(/quote/);
  });
});

describe('sizes of a machine', () => {
  it('are neither so small that nothing starts nor so large that there is none', () => {
    for (const text of ['0', '2', '1M', '512']) {
      expect(() => type.imageSize.parse(text), text).to.throw('a size from 8M to 4P');
    }
    expect(() => type.imageSize.parse('2')).to.throw("'2G'?");
    expect(() => type.memory.parse('99T')).to.throw('a size from 64M to 64T');
    expect(() => type.memory.parse('1 MiB')).to.throw('a size from 64M to 64T');
    expect(type.imageSize.parse('67108864')).to.equal(64 * MiB);
    expect(type.memory.parse('256M')).to.equal(256 * MiB);
  });
});

describe('libvirtUri', () => {
  it('is a connection to QEMU', () => {
    for (const text of ['qemu:///system', 'qemu:///session', 'qemu+ssh://root@host:22/system?keyfile=/k']) {
      expect(type.libvirtUri.parse(text)).to.equal(text);
    }
    for (const text of ['foo:///bar', 'qemu:///', 'system', 'xen:///system', 'qemu:///sytem']) {
      expect(() => type.libvirtUri.parse(text), text).to.throw("'qemu:///session'");
    }
  });
});

describe('operatingSystem', () => {
  it('is a name or settings, as virt-install takes them', () => {
    for (const text of ['detect=on,require=off', 'generic', 'name=none', 'id=http://debian.org/debian/12']) {
      expect(operatingSystem.parse(text)).to.equal(text);
    }
    for (const text of ['detect=maybe', 'detct=on', 'require=off,debian12']) {
      expect(() => operatingSystem.parse(text), text).to.throw("'detect=on,require=off'");
    }
  });

  it('is in osinfo-db, where that is installed', function () {
    if (!existsSync('/usr/share/osinfo/os')) this.skip();
    expect(operatingSystem.parse('debian11')).to.equal('debian11');
    expect(() => operatingSystem.parse('name=debain11,require=on')).to.throw("(did you mean 'debian11'?)");
    expect(() => operatingSystem.parse('nosuchos')).to.throw('virt-install --osinfo list');
  });
});

describe('variables', () => {
  it('are words NAME=value, quoted as for a shell', () => {
    expect(type.variables.parse(`DIB_A=1 DIB_B="two words" DIB_C=a=b DIB_D=`)).to.deep.equal({
      ...{ DIB_A: '1', DIB_B: 'two words', DIB_C: 'a=b', DIB_D: '' },
    });
    expect(type.variables.parse('')).to.deep.equal({});
    expect(() => type.variables.parse('DIB_A=1 two')).to.throw("NAME=value for each variable, and 'two' is none");
  });
});
