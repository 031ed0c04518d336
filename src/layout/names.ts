import { didYouMean } from '../config/suggestion.js';
import type { Reference } from './expand.js';
import type { Findings } from './finding.js';
import { kindWords, type NodeKind } from './modules.js';

/** Something in a layout that has a name. */
export interface Named {
  readonly name: string;
  readonly kind: NodeKind;
  readonly line: number;
  /** The names of what it stands on. */
  readonly bases: readonly Reference[];
}

/** The names of a layout: one name space for everything. */
export class Names {
  readonly #nodes = new Map<string, Named>();
  readonly #inCircles = new Set<string>();

  constructor(readonly findings: Findings) {}

  declare(node: Named): void {
    const other = this.#nodes.get(node.name);
    if (other === undefined) {
      this.#nodes.set(node.name, node);
      return;
    }
    this.findings.error(
      node.line,
      `the name '${node.name}' of a ${kindWords[node.kind]} is already that of the ${kindWords[other.kind]} in line ${other.line}; every name must be unique`,
    );
  }

  /** Complains of everything that stands on itself. */
  rejectCircles(): void {
    for (const node of this.#nodes.values()) {
      const circle = this.#circleFrom(node);
      if (circle === undefined || circle.some((name) => this.#inCircles.has(name))) continue;
      circle.forEach((name) => this.#inCircles.add(name));
      const { line } = this.#nodes.get(circle[0] ?? '') ?? node;
      this.findings.error(
        line,
        `a circle of bases: ${[...circle, circle[0]].join(' → ')}; one of them needs another base`,
      );
    }
  }

  /** The names from a node over its bases back to it. */
  #circleFrom(start: Named): string[] | undefined {
    const seen = new Set<string>();
    const search = (node: Named, path: readonly string[]): string[] | undefined => {
      for (const { name } of node.bases) {
        if (name === start.name) return [...path];
        const base = this.#nodes.get(name);
        if (base === undefined || seen.has(name)) continue;
        seen.add(name);
        const found = search(base, [...path, name]);
        if (found !== undefined) return found;
      }
      return undefined;
    };
    return search(start, [start.name]);
  }

  /**
   * What a base means. Undefined if there is no such thing, or it is of the wrong kind, which is complained of.
   *
   * @param where whose base it is, for messages
   */
  resolve(
    reference: Reference | undefined,
    where: string,
    line: number,
    kinds: readonly NodeKind[],
  ): Named | undefined {
    const words = oneOf(kinds.map((kind) => kindWords[kind]));
    if (reference === undefined) {
      this.findings.error(line, `${where}: 'base' is missing; expected the name of a ${words}`);
      return undefined;
    }
    const node = this.#nodes.get(reference.name);
    if (node !== undefined && kinds.includes(node.kind)) return node;
    if (reference.name === '' || this.#inCircles.has(reference.name)) return undefined;
    const candidates = [...this.#nodes.values()].filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);
    const known = candidates.length > 0 ? `: ${candidates.join(', ')}` : ', and the layout has none';
    const what =
      node === undefined
        ? `there is no '${reference.name}'${didYouMean(reference.name, candidates)}`
        : `'${reference.name}' is a ${kindWords[node.kind]}`;
    this.findings.error(reference.line, `${where}: base: ${what}; expected a ${words}${known}`);
    return undefined;
  }
}

function oneOf(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
