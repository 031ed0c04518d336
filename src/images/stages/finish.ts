import { access, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { moveFile } from '../../host/move-file.js';
import type { Host } from '../../host/host.js';
import { writeChecksum } from '../../artifacts/checksum.js';
import { companions } from '../../artifacts/published.js';
import { filesOfBundles, readBundles } from '../../bundles/record.js';
import { stage } from '../stage.js';

/**
 * Gives the image its final name, and its checksum beside it. Stopped anywhere in between, it can be done again: a file
 * that has its final name already is left there.
 */
export const finish = stage({
  name: 'finish',
  title: 'Putting the image into place',
  reads: ['image'],
  wants: ({ spec, paths, result }) => ({
    candidate: paths.candidate,
    image: paths.image,
    // What speaks of an earlier image of the same name must not be found beside this one.
    stale: companions(paths),
    bundles: paths.bundles,
    rawDisk:
      result === 'disk' && spec.keepRaw && spec.format !== 'raw'
        ? { from: paths.rawDisk, to: paths.keptRawDisk }
        : undefined,
    unproven: paths.unproven,
    // Moved there from where QEMU reaches it, as a copy.
    copied: paths.diskDir === paths.workDir ? undefined : { directory: paths.outputDir, size: spec.imageSize },
  }),
  space: ({ copied }) =>
    copied === undefined
      ? []
      : [{ what: 'the finished image', directory: copied.directory, least: 0, most: copied.size }],
  work: ({ image }) => ({ path: image }),
  async run(host, { candidate, image, stale, bundles, rawDisk, unproven }, state) {
    // Bundles of an earlier image of the same name are not of this one.
    const earlier = filesOfBundles((await readBundles(bundles))?.bundles ?? []);
    for (const name of earlier.map((file) => join(dirname(bundles), basename(file)))) {
      if (name !== image) await rm(name, { force: true });
    }
    for (const file of stale) await rm(file, { force: true });
    await moveUnlessMoved(host, candidate, image);
    await writeChecksum(image, state.image.sha256);
    if (rawDisk) await moveUnlessMoved(host, rawDisk.from, rawDisk.to);
    await rm(unproven, { force: true });
  },
});

async function moveUnlessMoved(host: Host, from: string, to: string): Promise<void> {
  if ((await exists(from)) || !(await exists(to))) await moveFile(host, from, to);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
