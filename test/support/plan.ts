import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Configuration } from '../../src/config/configuration.js';
import { resolveImage } from '../../src/config/resolve.js';
import { buildPaths, type Plan } from '../../src/images/build.js';
import { usualDevices } from '../../src/machine/devices.js';
import type { Hardware } from '../../src/machine/virtual-machine.js';

/** A plan, and the directories that its stages work in. */
export interface TestPlan {
  readonly plan: Plan;
  /** The output directory, which is empty but for the work directory. */
  readonly directory: string;
  remove(): void;
}

/**
 * The plan of a build of an image called `web`, of a section with these lines beside those that every image has, on a
 * machine without KVM. Nothing of it was done, but its directories are there.
 */
export function testPlan(lines = '', otherSections = ''): TestPlan {
  const directory = mkdtempSync(join(tmpdir(), 'image-factory-stage-'));
  const own = lines
    .split('\n')
    .map((line) => line.trim())
    .join('\n');
  const section = `[web]\nlinux = /srv/linux\ninitrd = /srv/initrd\n${/preseed|kickstart/.test(own) ? '' : 'preseed = web.cfg\n'}`;
  const text = `[DEFAULT]\noutput-dir = ${directory}\nimage-size = 64M\n${section}${own}\n${otherSections}`;
  const spec = resolveImage(new Configuration([{ name: 'my.conf', text }], []), 'web', {}, '2026-01-02');
  const paths = buildPaths(spec, 'output');
  mkdirSync(paths.workDir);
  const { cores, ram, mac } = spec;
  const hardware: Hardware = {
    ...{ architecture: spec.arch, firmware: spec.firmware, devices: usualDevices, virtType: 'qemu' },
    ...{ cores, ram, mac },
  };
  const plan = {
    hardware,
    ...{ spec, paths, sourceDate: undefined, parents: 'fresh' as const, result: 'disk' as const },
    ...{ domain: 'web.raw', bootDomain: 'web.boot' },
  };
  return { plan, directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
