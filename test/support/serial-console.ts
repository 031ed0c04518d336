import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { architectures, firmwareNamed, type Architecture } from '../../src/machine/architectures.js';
import type { Firmware } from '../../src/machine/firmware.js';

/** How a machine boots. */
interface BootOptions {
  /** Of the image. */
  readonly format: string;
  /** MiB. */
  readonly memory?: number;
  readonly sshPort?: number;
  /** Ports of the loopback interface that lead to other ports of the guest, which are the values. */
  readonly forwards?: Readonly<Record<number, number>>;
  /** Default: x86_64. */
  readonly architecture?: Architecture;
  /** Default: the usual one of the architecture. */
  readonly firmware?: Firmware;
  /** What the disk says that its sectors are. Default: 512. */
  readonly sectorSize?: 512 | 4096;
  /** A volume that the machine gets as a second disk, to be read only. */
  readonly seed?: string;
  /** Whether what the machine writes is thrown away with it (the default). */
  readonly writes?: 'lost' | 'kept';
  /** Whether the machine starts again when the guest reboots, with its disk as the guest left it. Default: it ends. */
  readonly reboots?: boolean;
}

/** QEMU's words for machine, processor and firmware. Variables of a firmware are thrown away with the machine. */
function machineWords(architecture: Architecture, firmware: Firmware): string[] {
  const { machineType = 'pc', files } = firmwareNamed(architecture, firmware) ?? {};
  // QEMU itself has no word for `mode=maximum` of libvirt.
  const { emulatedProcessor = 'max' } = architecture;
  const processor = emulatedProcessor.startsWith('mode=') ? 'max' : emulatedProcessor;
  return [
    ...['-machine', `${machineType}${files?.usesSmm ? ',smm=on' : ''}`, '-accel', 'tcg', '-cpu', processor],
    ...(files?.usesSmm ? ['-global', 'driver=cfi.pflash01,property=secure,value=on'] : []),
    ...(files === undefined
      ? []
      : [
          ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${files.code}`],
          ...['-drive', `if=pflash,format=raw,unit=1,snapshot=on,file=${files.variables}`],
        ]),
  ];
}

function sectorWords(size: number | undefined): string {
  return size === undefined ? '' : `,logical_block_size=${size},physical_block_size=${size}`;
}

/** A machine that boots from an image, and somebody at its serial console. */
export class SerialConsole {
  #output = '';
  /** How much of the output earlier expectations have used up. */
  #read = 0;

  private constructor(readonly machine: ChildProcess) {
    for (const stream of [machine.stdout, machine.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
  }

  /** @param options.sshPort a port of the loopback interface that leads to the guest's port 22 */
  static boot(image: string, options: BootOptions): SerialConsole {
    const ports = Object.entries({
      ...(options.sshPort === undefined ? {} : { [options.sshPort]: 22 }),
      ...options.forwards,
    });
    const forward = ports.map(([from, to]) => `,hostfwd=tcp:127.0.0.1:${from}-:${to}`).join('');
    const { architecture = architectures.x86_64, firmware = architecture.firmwares[0].name } = options;
    return new SerialConsole(
      spawn(architecture.emulator, [
        ...machineWords(architecture, firmware),
        ...['-m', String(options.memory ?? 512), '-smp', '2'],
        ...[
          '-drive',
          `file=${image},format=${options.format},if=none,id=disk,snapshot=${options.writes === 'kept' ? 'off' : 'on'}`,
        ],
        ...['-device', `virtio-blk-pci,drive=disk,bootindex=0${sectorWords(options.sectorSize)}`],
        ...(options.seed === undefined ? [] : ['-drive', `file=${options.seed},format=raw,if=virtio,readonly=on`]),
        ...['-netdev', `user,id=net${forward}`, '-device', 'virtio-net-pci,netdev=net'],
        ...['-display', 'none', '-serial', 'stdio', '-monitor', 'none'],
        ...(options.reboots ? [] : ['-no-reboot']),
      ]),
    );
  }

  /** Waits for something to appear behind what was expected before. */
  async expect(pattern: RegExp, seconds: number): Promise<RegExpExecArray> {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(100)) {
      const match = pattern.exec(this.#output.slice(this.#read));
      if (match) {
        this.#read += match.index + match[0].length;
        return match;
      }
      if (this.machine.exitCode !== null) break;
    }
    throw new Error(
      `no ${String(pattern)} within ${seconds} s on the serial console, which ends with:\n${this.#output.slice(-1500)}`,
    );
  }

  type(line: string): void {
    this.machine.stdin?.write(`${line}\n`);
  }

  /** Runs a command in a shell that is logged in, and returns what it printed. */
  async run(command: string, seconds = 60): Promise<string> {
    // The echo of the typed line holds the marks in another form.
    this.type(`echo "<<"BEGIN; ${command}; echo "<<"END:$?`);
    await this.expect(/<<BEGIN\r?\n/, seconds);
    const before = this.#read;
    await this.expect(/<<END:\d+\r?\n/, seconds);
    return this.#output
      .slice(before, this.#read)
      .replace(/<<END:\d+\r?\n$/, '')
      .replaceAll('\r', '');
  }

  /** Waits until the machine has switched itself off. */
  async ended(seconds: number): Promise<void> {
    for (const end = Date.now() + seconds * 1000; this.machine.exitCode === null; await sleep(100)) {
      if (Date.now() > end) throw new Error(`the machine did not switch itself off within ${seconds} s`);
    }
  }

  async powerOff(): Promise<void> {
    if (this.machine.exitCode !== null) return;
    this.machine.kill('SIGKILL');
    await once(this.machine, 'exit');
  }
}
