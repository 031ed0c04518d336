import { impliedCommand, valueOptions, type Candidates, type CompletedCommand } from './candidates.js';

/** A script for fish 3. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  return `# fish completion of image-factory
function __image_factory_command
    # Prints the command of the line: the first word that is neither an option nor the value of one.
    set -l words (commandline -opc)[2..-1]
    set -l at 1
    while test $at -le (count $words)
        switch $words[$at]
            case --
                break
            case ${valueOptions(commands).join(' ')}
                set at (math $at + 1)
            case '-*'
            case ${names}
                echo $words[$at]
                return
            case '*'
                echo ${impliedCommand}
                return
        end
        set at (math $at + 1)
    end
end

function __image_factory_is
    contains -- "$(__image_factory_command)" $argv
end

function __image_factory_commands
    string split ' ' '${names}'
end

function __image_factory_names
    # Prints names of images, with their flavors, of groups or of flavors.
    set -l config
    set -l words (commandline -opc)
    for at in (seq (count $words))
        switch $words[$at]
            case --config
                set config $words[(math $at + 1)]
            case '--config=*'
                set config (string replace -- --config= '' $words[$at])
        end
    end
    set -q config[1]; and set config --config (string replace -r '^~/' "$HOME/" -- $config)
    image-factory list --names $argv[1] $config 2>/dev/null
end

complete -c image-factory -f
${commands.flatMap((command) => [commandLine(command), ...linesOf(command)]).join('\n')}
complete -c image-factory -n "__image_factory_is ''" -a '(__image_factory_names images)' -d image
`;
}

function commandLine({ name, description }: CompletedCommand): string {
  return `complete -c image-factory -n "__image_factory_is ''" -a ${name} -d ${literal(description)}`;
}

function linesOf({ name, options, argument }: CompletedCommand): string[] {
  const when = `complete -c image-factory -n "__image_factory_is ${name}${name === impliedCommand ? " ''" : ''}"`;
  return [
    ...options.map(({ names, description, value }) => {
      const spelt = names.map((word) => (word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`));
      return [when, ...spelt, ...(value ? [valueOf(value)] : []), '-d', literal(description)].join(' ');
    }),
    ...(argument ? [`complete -c image-factory -n '__image_factory_is ${name}' ${argumentOf(argument)}`] : []),
  ];
}

function valueOf(candidates: Candidates): string {
  return candidates.kind === 'text' ? '-x' : candidates.kind === 'file' ? '-rF' : `-x ${offered(candidates)}`;
}

function argumentOf(candidates: Candidates): string {
  if (candidates.kind === 'words-or-file' || candidates.kind === 'image-or-file') return `-F ${offered(candidates)}`;
  return candidates.kind === 'file' ? '-F' : offered(candidates);
}

function offered(candidates: Candidates): string {
  switch (candidates.kind) {
    case 'words':
    case 'words-or-file':
    case 'beginnings':
      return `-a ${literal(candidates.words.join(' '))}`;
    case 'image-or-file':
      return `-a ${literal(`${candidates.words.join(' ')} (__image_factory_names images)`.trim())}`;
    case 'words-or-group':
      return `-a ${literal(`${candidates.words.join(' ')} (__image_factory_names groups)`)}`;
    case 'image':
      return `-a '(__image_factory_names images)'`;
    case 'flavor':
      return `-a '(__image_factory_names flavors)'`;
    case 'command':
      return "-a '(__image_factory_commands)'";
    case 'directory':
      return `-a '(__fish_complete_directories)'`;
    case 'file':
    case 'text':
      return '';
  }
}

/** In single quotes, in which fish reads backslashes. */
function literal(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
