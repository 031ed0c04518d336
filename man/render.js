// render.js FILE: prints a manual page's markdown with its markers filled in from the program itself, for pandoc:
//
//     <!-- options image -->   the options of a section that describes an image; a `description`; a `destination`; a `user`; a `group`; a `flavor`; those of
//                              every `section`; under the headings of their groups, where there are several
//                              those of a target of `bundle`s
//     <!-- kinds -->           the kinds of sections
//     <!-- formats -->         the formats of bundles
//     <!-- commands -->        the program's commands
//     <!-- commands layer -->  those of a command that has some itself
//     <!-- artifacts -->       what a build leaves
//     <!-- rules -->           what golden images are checked for, under the headings of their groups
//     <!-- flags build -->     the flags of a command, or of `image-factory` itself
//
// The title block gets the version and the date of that version's entry in NEWS.md, so that the same source always
// makes the same page.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { artifactKinds } from '../src/artifacts/table.js';
import { bundleFormats } from '../src/config/bundle-formats.js';
import { bundleOptions } from '../src/config/bundle-options.js';
import { descriptionOptions } from '../src/config/description-options.js';
import { flavorOptions, groupOptions } from '../src/config/group-options.js';
import { optionGroups } from '../src/config/option.js';
import { destinationOptions, imageOptions, sectionOptions } from '../src/config/options.js';
import { userOptions } from '../src/config/user-options.js';
import { sectionKinds } from '../src/config/section-kinds.js';
import { ruleGroups } from '../src/golden/rule.js';
import { rules as goldenRules } from '../src/golden/rules.js';
import { program } from '../src/cli/program.js';
import { programDirectory } from '../src/host/program-directory.js';

const root = program();
const help = root.createHelp();
const build = root.commands.find((command) => command.name() === 'build');
const tables = {
  image: imageOptions,
  description: descriptionOptions,
  destination: destinationOptions,
  bundle: bundleOptions,
  section: sectionOptions,
  group: groupOptions,
  flavor: flavorOptions,
  user: userOptions,
};

const markers = { options, flags, commands, kinds, formats, artifacts, rules };

function fill(text) {
  return text.replace(/^<!-- (\w+) ?(\S*) -->$/gm, (marker, what, of) => {
    const filled = markers[what]?.(of);
    if (!filled) throw new Error(`${process.argv[2]}: nothing is known of ${marker}`);
    return typeof filled === 'string' ? filled : definitions(filled);
  });
}

function options(section) {
  const table = tables[section];
  if (!table) return undefined;
  const groups = Object.entries(optionGroups).flatMap(([group, title]) => {
    const records = Object.entries(table).filter(([, option]) => option.group === group);
    const entries = records.map(([name, option]) => [`**${name}** = *${option.type.metavar}*`, meaning(option)]);
    return entries.length === 0 ? [] : [{ title, text: definitions(entries) }];
  });
  return groups.length === 1 ? groups[0].text : groups.map(({ title, text }) => `## ${title}\n\n${text}`).join('\n');
}

/** How a section of each kind begins, and what it is. */
function kinds() {
  return Object.values(sectionKinds).map(({ title, doc, word }) => [
    `${title.replace(/^an? /, '')}: \\[${word === undefined ? '' : `${word} `}*NAME*\\]`,
    literal(doc),
  ]);
}

/** What each format of bundles is, and what a target may say of it. */
function formats() {
  return Object.entries(bundleFormats).map(([name, { doc, subformats, compressions, options }]) => {
    const words = (title, list) => (list.length > 0 ? ` ${title}: ${list.map((each) => `*${each}*`).join(', ')}.` : '');
    const more = options === 'qemu' ? ' **options** are those of qemu-img.' : words('**options**', options);
    const shown = compressions.length > 1 ? words('**compression**', compressions) : '';
    return [`**${name}**`, literal(`${doc}${words('**subformat**', subformats)}${shown}${more}`)];
  });
}

function commands(name) {
  const group = name === '' ? root : root.commands.find((command) => command.name() === name);
  return group && namedIn(group).map((command) => [usage(command), described(command)]);
}

function namedIn(group) {
  return help.visibleCommands(group).filter((command) => group === root || command.name() !== 'help');
}

function artifacts() {
  return Object.values(artifactKinds).map(({ doc, fileName }) => [
    `*${fileName('IMAGE-YYYY-MM-DD', 'IMAGE-YYYY-MM-DD.FORMAT')}*`,
    literal(doc),
  ]);
}

/** What each rule looks for and why, how weighty it is, what repairs it, and what says so. */
function rules() {
  return Object.entries(ruleGroups)
    .map(([group, title]) => {
      const entries = goldenRules
        .filter((rule) => rule.group === group)
        .map((rule) => [`**${rule.name}**`, ruleText(rule)]);
      return `## ${title}\n\n${definitions(entries)}`;
    })
    .join('\n');
}

function ruleText({ title, level, reason, repair, source, looks }) {
  const shown = looks.slice(0, 3).map((path) => `*${path.replace(/[*_]/g, '\\$&')}*`);
  const where = looks.length === 0 ? '' : ` Looked for in ${shown.join(', ')}${looks.length > 3 ? ' …' : ''}.`;
  const repaired = repair === undefined ? 'Not repaired.' : `Repair: ${literal(repair)}.`;
  return `${sentence(title)} A ${level === 'error' ? '**error**' : `**${level}**`}: ${literal(reason)}.${where} ${repaired} Source: ${literal(source)}.`.replace(
    'A **error**',
    'An **error**',
  );
}

function flags(name) {
  const command = name === root.name() ? root : root.commands.find((candidate) => candidate.name() === name);
  return command && help.visibleOptions(command).map((flag) => [flagTerm(flag), flagMeaning(command, flag)]);
}

function definitions(entries) {
  return entries.map(([term, text]) => `${term}\n:   ${text.replaceAll('\n', '\n    ')}\n`).join('\n');
}

/** What an option of a section means; `image-factory --help` takes the same words from the table. */
function meaning({ doc, default: initial, defaultDoc, flag }) {
  const names = flag ? [flag.long, ...(flag.negatable ? [`no-${flag.long}`] : [])] : [];
  const usual = defaultDoc ?? (initial ? `*${initial}*` : undefined);
  return [
    literal(doc),
    ...(flag ? [`On the command line: ${names.map((name) => `**--${name}**`).join(', ')}.`] : []),
    ...(usual === undefined ? [] : [`Default: ${literal(usual)}`]),
  ].join(' ');
}

function flagMeaning(command, { long, description }) {
  const found = Object.entries(imageOptions).find(([, { flag }]) => `--${flag?.long}` === long);
  if (command === root || !found) return sentence(description);
  const [name, { flag, ...option }] = found;
  return (flag.long === name ? '' : `Sets **${name}**. `) + meaning(option);
}

function usage(command) {
  const name = command === build ? '[**build**] [*OPTION*]…' : `**${command.name()}**`;
  const words = command.registeredArguments.map((argument) => {
    const shown = `*${argument.name().toUpperCase()}*`;
    return (argument.required ? shown : `[${shown}]`) + (argument.variadic ? '…' : '');
  });
  return [name, ...ownFlags(command).map((flag) => `[${flagTerm(flag)}]`), ...words].join(' ');
}

function described(command) {
  const own = ownFlags(command).map((flag) => [flagTerm(flag), sentence(flag.description)]);
  return [sentence(command.description()), definitions(own)].join('\n\n').trimEnd();
}

/** The flags that don't mean the same as those of `build`, whose own list is a long one. */
function ownFlags(command) {
  if (command === build) return [];
  const isShared = ({ flags: names, description }) =>
    build.options.some((option) => option.flags === names && option.description === description);
  const isOfAll = ({ long }) => command.parent !== root && ['--store-dir', '--json', '--verbose'].includes(long);
  return help.visibleOptions(command).filter((flag) => flag.long !== '--help' && !isShared(flag) && !isOfAll(flag));
}

function flagTerm({ short, long, flags: names, argChoices }) {
  const metavar = argChoices ? `{${argChoices.join(',')}}` : /<(.*)>/.exec(names)?.[1]?.toUpperCase();
  const spelt = [short, long].filter(Boolean).map((name) => `**${name}**`);
  return spelt.join(', ') + (metavar === undefined ? '' : ` *${metavar}*`);
}

function sentence(text) {
  const plain = literal(text);
  return plain.charAt(0).toUpperCase() + plain.slice(1) + (/[.?!]$/.test(plain) ? '' : '.');
}

/** Keeps pandoc from reading `<image>` as HTML, `$` as mathematics and `@` as a citation. */
function literal(text) {
  return text.replace(/[<$@]/g, '\\$&');
}

function released(version) {
  const news = readFileSync(join(programDirectory, 'NEWS.md'), 'utf8');
  const entries = [...news.matchAll(/^## (\S+) \((\d{4}-\d{2}-\d{2})\)$/gm)];
  const entry = entries.find(([, name]) => name === version);
  if (!entry) throw new Error(`NEWS.md has no entry '## ${version} (YYYY-MM-DD)'`);
  return entry[2];
}

const page = readFileSync(process.argv[2], 'utf8');
const version = root.version();
const title = `$1 image-factory ${version} |$2\n%\n% ${released(version)}`;
process.stdout.write(fill(page.replace(/^(% \S+) image-factory \|(.*)$/m, title)));
