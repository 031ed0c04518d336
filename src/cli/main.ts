import { basename } from 'node:path';
import { goOnWithoutReaders } from './closed-output.js';
import { commandFirst } from './command-first.js';
import { asksForJson, complain, complainInJson } from './complaints.js';
import { explain } from './explain.js';
import { program } from './program.js';

goOnWithoutReaders();

// Under the name `stacko`, a link to this program, its words are those of Stacko.
const isStacko = basename(process.argv[1] ?? '') === 'stacko';
const words = [...(isStacko ? ['stacko'] : []), ...process.argv.slice(2)];
const root = program();
if (asksForJson(words)) {
  complainInJson();
  const outputError = (text: string) => complain(text.trimEnd().replace(/^error: /, ''));
  for (const command of [root, ...root.commands]) command.configureOutput({ outputError });
}
try {
  await root.parseAsync(commandFirst(root, words), { from: 'user' });
} catch (error) {
  process.exitCode = explain(error, complain);
}
