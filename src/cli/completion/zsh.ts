import { impliedCommand, quoted, valueOptions, type Candidates, type CompletedCommand } from './candidates.js';

/** A script for zsh 5, as a file called `_image-factory` in a directory of `fpath`. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const named = (name: string) => commands.find((command) => command.name === name) as CompletedCommand;
  return `#compdef image-factory
# zsh completion of image-factory
# Names of images, with their flavors, of groups or of flavors
_image_factory_names() {
	local -a names
	names=(\${(f)"$(image-factory list --names $1 "\${config[@]}" 2>/dev/null)"})
	compadd -a names
}

_image_factory_images() { _image_factory_names images }
_image_factory_groups() { _image_factory_names groups }
_image_factory_flavors() { _image_factory_names flavors }

_image_factory_commands() {
	local -a commands
	commands=(
${commands.map(({ name, description }) => `\t\t${quoted(`${name}:${description}`)}`).join('\n')}
	)
	_describe -t commands command commands
}

_image_factory_begin() {
	_alternative 'commands:command:_image_factory_commands' 'images:image:_image_factory_images'
}

_image-factory() {
	local curcontext=$curcontext state line command='' word at
	local -a config
	local -A opt_args
	# The command may follow options.
	for ((at = 2; at < CURRENT; at++)); do
		word=$words[at]
		case $word in
			--) break ;;
			--config) ((at++)); config=(--config \${\${(Q)words[at]}/#\\~\\//$HOME/}) ;;
			--config=*) config=(--config \${\${(Q)word#*=}/#\\~\\//$HOME/}) ;;
			${valueOptions(commands)
        .filter((name) => name !== '--config')
        .join('|')}) ((at++)) ;;
			-*) ;;
			${commands.map(({ name }) => name).join('|')}) [[ $command ]] || { command=$word; words[at]=(); ((CURRENT--, at--)) } ;;
			*) command=\${command:-${impliedCommand}} ;;
		esac
	done
	case $command in
		'')
			_arguments -s -S \\
${specs(named(impliedCommand))} \\
				'*: :_image_factory_begin'
			;;
${commands.map(branch).join('\n')}
	esac
}

# As a file of fpath it is the function's body; elsewhere it is read by the shell itself.
if [[ $funcstack[1] == _image-factory ]]; then
	_image-factory "$@"
else
	compdef _image-factory image-factory
fi
`;
}

function branch(command: CompletedCommand): string {
  const { name, argument } = command;
  const rest = argument ? ` \\\n\t\t\t\t${quoted(`*: :${action(argument)}`)}` : '';
  return `\t\t${name})\n\t\t\t_arguments -s -S \\\n${specs(command)}${rest}\n\t\t\t;;`;
}

function specs({ options }: CompletedCommand): string {
  return options
    .flatMap(({ names, description, value, isRepeatable }) => {
      const text = description.replace(/[\\[\]]/g, '\\$&');
      const often = isRepeatable ? '*' : `(${names.join(' ')})`;
      return names.map((spelt) => {
        const sign = value === undefined ? '' : spelt.startsWith('--') ? '=' : '+';
        const values = value === undefined ? '' : `: :${action(value)}`;
        return `\t\t\t\t${quoted(`${often}${spelt}${sign}[${text}]${values}`)}`;
      });
    })
    .join(' \\\n');
}

function action(candidates: Candidates): string {
  switch (candidates.kind) {
    case 'words':
      return `(${candidates.words.join(' ')})`;
    case 'words-or-file':
      return `_alternative "words:word:(${candidates.words.join(' ')})" "files:file:_files"`;
    case 'image-or-file':
      return `_alternative ${[
        ...(candidates.words.length > 0 ? [`"words:word:(${candidates.words.join(' ')})"`] : []),
        ...['"images:image:_image_factory_images"', '"files:file:_files"'],
      ].join(' ')}`;
    case 'beginnings':
      return `compadd -S "" - ${candidates.words.join(' ')}`;
    case 'words-or-group':
      return `_alternative "words:word:(${candidates.words.join(' ')})" "groups:group:_image_factory_groups"`;
    case 'image':
      return '_image_factory_images';
    case 'flavor':
      return '_image_factory_flavors';
    case 'command':
      return '_image_factory_commands';
    case 'file':
      return '_files';
    case 'directory':
      return '_files -/';
    case 'text':
      return ' ';
  }
}
