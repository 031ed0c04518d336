import { ExtFileSystem } from '../../disk/ext-file-system.js';
import { SystemFiles } from '../../disk/system-files.js';
import { Volumes } from '../../disk/volumes.js';
import { check as checkSystem, rulesWithout } from '../../golden/check.js';
import { byRule, counted, isGolden } from '../../golden/summary.js';
import { Failure } from '../../host/failure.js';
import { stage } from '../stage.js';

/** Checks what machines from the image would share or carry along, on the disk as it will be shipped. */
export const check = stage({
  name: 'check',
  title: 'Checking that the image is golden',
  reads: ['system'],
  leaves: ['golden'],
  wants: ({ spec: { golden, goldenExcept }, paths }) =>
    golden === 'off' ? undefined : { disk: paths.rawDisk, fails: golden === 'error', except: goldenExcept },
  commands: ({ disk }) => ExtFileSystem.commands(disk, 'OFFSET').read,
  programs: () => ['perl'],
  inputs: ({ fails, except }) => [fails, except],
  async run(host, { disk, fails, except }, state) {
    const rules = rulesWithout(except);
    const findings = await Volumes.use(host, disk, (volumes) =>
      checkSystem(host, new SystemFiles(state.system, volumes), rules),
    );
    for (const { rule, level, path, detail } of findings) {
      host.log.finding({ rule, level, path, ...(detail !== undefined && { detail }), repaired: false });
    }
    for (const { level, heading, places, because } of byRule(findings)) {
      const text = [heading, ...places, because].join('\n  ');
      if (level === 'note') host.log.info(text);
      else host.log.warn(text);
    }
    if (!isGolden(findings)) {
      const sum = `the image is not golden: ${counted(findings)}`;
      if (fails) throw new Failure(`${sum}; the log names them`, { hint });
      host.log.warn(`${sum.charAt(0).toUpperCase()}${sum.slice(1)}`);
    } else {
      host.log.info(`The image is golden: ${rules.length} rules, found ${counted(findings)}`);
    }
    return { golden: { rules: rules.length, except, findings } };
  },
});

const hint =
  'Change the answer file, or set golden = fix to repair what can be repaired, or name rules that do not count in golden-except. With --resume the build goes on with this disk.';
