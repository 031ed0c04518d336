import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { inFreshFileSystem } from './fresh-file-system.js';
import { measure, medians, type Measurement } from './measure.js';
import { save, type Result } from './result.js';

/** What a machine has that is like a system: programs, libraries, many small files. */
const sample = ['share/doc', 'share/perl', 'share/python3', 'lib/python3', 'bin', 'lib/x86_64-linux-gnu/perl'];

const imageFactory = join(import.meta.dirname, '../bin/image-factory');

/**
 * Import and export of layers beside the programs that do parts of it, in turn: GNU tar unpacks, openssl hashes and sync
 * brings it to the disk, which all belong to an import; umoci packs the same tree into an OCI image, which an export and a
 * bundle are; tar and gzip make the archive of the bundle tar-gz.
 */
export async function archives(rounds: number, say: (line: string) => void): Promise<Result> {
  return inFreshFileSystem('archives', say, async (scratch) => {
    const source = (name: string) => join(scratch, name);
    const there = sample.filter((path) => existsSync(join('/usr', path)));
    await execa('tar', ['-C', '/usr', '-cf', source('sample.tar'), ...there]);
    await mkdir(source('tree'));
    await execa('tar', ['-xpf', source('sample.tar'), '-C', source('tree')]);
    const measured: Partial<Record<keyof ReturnType<typeof calls>, Measurement[]>> = {};
    for (let round = 1; round <= rounds; round++) {
      say(`archives: round ${round} of ${rounds}`);
      // All rounds' trees stay until the end.
      const at = (name: string) => join(scratch, String(round), name);
      await mkdir(at('bundles'), { recursive: true });
      await execa('umoci', ['init', '--layout', at('image')]);
      await execa('umoci', ['new', '--image', `${at('image')}:sample`]);
      // Each is the first of its pair as often as the second: what else the machine does then meets both alike.
      const done = new Set<string>();
      for (const pair of pairs) {
        for (const name of round % 2 === 1 ? pair : pair.toReversed()) {
          if (done.has(name)) continue;
          done.add(name);
          await execa('sync');
          (measured[name] ??= []).push(await measure({ command: calls(source, at)[name] }));
        }
      }
    }
    const rows = (what: string, [ours, rival]: (typeof pairs)[number], goal: number) => {
      const [us, them] = [medians(measured[ours] ?? []), medians(measured[rival] ?? [])];
      const row = { bench: 'archives', unit: 's' as const };
      return [
        { ...row, what, goal, ours: us.wall, rival: them.wall },
        { ...row, what: `${what}: processor time`, ours: us.cpu, rival: them.cpu },
      ];
    };
    return save('archives', [
      ...rows('layer import (beside tar, openssl and sync)', pairs[0], 1),
      ...rows('layer export to OCI (beside umoci)', pairs[1], 0.7),
      ...rows('bundle oci (beside umoci)', pairs[2], 0.7),
      ...rows('bundle tar-gz (beside tar and gzip)', pairs[3], 0.7),
    ]);
  });
}

const pairs = [
  ['import', 'tar'],
  ['export', 'umoci'],
  ['bundle oci', 'umoci'],
  ['bundle tar-gz', 'tar and gzip'],
] as const;

/** @param source what all rounds read @param at what a round makes */
function calls(source: (name: string) => string, at: (name: string) => string) {
  const unpack = 'mkdir "$2" && tar --xattrs --xattrs-include=* -xpf "$1" -C "$2"';
  const hash = 'find "$2" -type f -print0 | xargs -0 openssl dgst -sha256 -r >/dev/null && sync -f "$2"';
  const layer = (...words: string[]) => [imageFactory, 'layer', ...words, '--store-dir', at('store')] as const;
  const bundle = (target: string): [string, ...string[]] => [
    ...([imageFactory, 'bundle', 'sample', target, '--force', '--output-dir', at('bundles')] as const),
    ...['--store-dir', at('store')],
  ];
  return {
    import: [...layer('import', 'sample', source('sample.tar'))],
    tar: ['sh', '-ec', `${unpack} && ${hash}`, 'sh', source('sample.tar'), at('unpacked')],
    export: [...layer('export', 'sample', at('exported'))],
    umoci: ['umoci', 'insert', '--image', `${at('image')}:sample`, source('tree'), '/'],
    'bundle oci': bundle('oci'),
    'bundle tar-gz': bundle('tar-gz'),
    'tar and gzip': ['tar', '--sort=name', '--xattrs', '-C', source('tree'), '-czf', at('sample.tar.gz'), '.'],
  } satisfies Record<string, [string, ...string[]]>;
}
