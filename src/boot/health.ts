import { Failure, indented } from '../host/failure.js';
import { AgentSilent, ExecRefused, type GuestCommands } from './guest-commands.js';

/** systemctl(1), is-system-running: the states of a system that still comes up. */
const comingUp = ['initializing', 'starting'];

/** Lines of its journal that a message shows of each unit. */
const shownLines = 3;

/** Units of which a message shows lines of the journal. */
const shownUnits = 5;

/**
 * How a system has come up, as systemd says.
 *
 * @returns `running`; undefined while it still comes up
 * @throws Failure for any other state, with the units that failed and the last lines of their journals; where there is no
 *   systemd; and as {@link GuestCommands.run}
 */
export async function health(guest: Pick<GuestCommands, 'run'>): Promise<string | undefined> {
  // Without --wait, which releases before 240 don't know, and which would keep the agent from answering anything else.
  const asked = await guest.run('systemctl', ['is-system-running']);
  if (asked === undefined) {
    throw new Failure('there is no systemctl in the image, which boot-test = healthy asks', {
      hint: 'Set boot-test to login, ssh, agent or a command.',
    });
  }
  const state = asked.stdout.trim();
  if (state === 'running') return state;
  if (comingUp.includes(state)) return undefined;
  const units = (await failedUnits(guest)) ?? [];
  const told: string[] = [];
  for (const unit of units.slice(0, shownUnits)) {
    const [name = ''] = unit.split(' ', 1);
    const journal = await guest.run('journalctl', ['-b', '-q', '-o', 'cat', '-n', String(shownLines), '-u', name]);
    told.push(
      unit,
      ...(journal?.stdout ?? '')
        .split('\n')
        .filter(Boolean)
        .map((line) => `  ${line}`),
    );
  }
  told.push(...units.slice(shownUnits));
  const list = units.length === 0 ? '; no unit failed' : `; units that failed:\n${indented(told.join('\n'))}`;
  throw new Failure(`the image boots, but is not healthy: systemctl is-system-running says '${state}'${list}`, {
    hint: 'Remove or repair what fails. The image boots all the same: any other boot-test lets it pass.',
  });
}

/** Each unit that failed, `NAME (what it is)`; undefined where that can't be asked. */
export async function failedUnits(guest: Pick<GuestCommands, 'run'>): Promise<readonly string[] | undefined> {
  try {
    const listed = await guest.run('systemctl', ['list-units', '--failed', '--plain', '--no-legend', '--full']);
    return listed?.stdout.split('\n').flatMap((line) => {
      // UNIT LOAD ACTIVE SUB DESCRIPTION
      const [, name, what = ''] = /^\s*(?:●\s*)?(\S+)\s+\S+\s+\S+\s+\S+\s*(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [what === '' ? name : `${name} (${what.trim()})`];
    });
  } catch (error) {
    if (error instanceof ExecRefused || error instanceof AgentSilent) return undefined;
    throw error;
  }
}
