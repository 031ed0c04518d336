import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Tried {
  readonly fault: string;
  readonly at: string;
  readonly outcome: string;
}

/** What was done to builds, and what became of them. */
class FaultTable {
  readonly #tried: Tried[] = [];

  add(fault: string, at: string, outcome: string): void {
    this.#tried.push({ fault, at, outcome: outcome.replaceAll('|', '\\|').replace(/\s+/g, ' ') });
  }

  /** Prints it, and leaves it as build/fault-table.md. */
  publish(): void {
    const text = [
      '| fault | at | outcome |',
      '| --- | --- | --- |',
      ...this.#tried.map(({ fault, at, outcome }) => `| ${fault} | ${at} | ${outcome} |`),
      '',
      `${this.#tried.length} faults tried.`,
      '',
    ].join('\n');
    const file = fileURLToPath(new URL('../../build/fault-table.md', import.meta.url));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(text.replace(/^/gm, '        '));
  }
}

/** Of the whole run: several files of tests fill it. */
export const faultTable = new FaultTable();

after(() => faultTable.publish());
